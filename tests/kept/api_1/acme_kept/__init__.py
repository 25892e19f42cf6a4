"""A plugin that uses all of the plugin API, version 1."""
