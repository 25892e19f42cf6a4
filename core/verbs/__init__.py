"""The verbs: one Python function for each verb of the command line, of the same name."""
