"""The passes, one file per pass or small family."""
