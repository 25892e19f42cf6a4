"""Reports: what the verbs found, for a terminal and for other programs."""
