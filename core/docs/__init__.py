"""The documentation: pages written by hand, a reference made from the declarations, the site."""
