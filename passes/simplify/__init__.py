"""Clean-up that keeps the outputs bit-equal."""
