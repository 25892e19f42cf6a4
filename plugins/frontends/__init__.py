"""Front ends: files to the IR."""
