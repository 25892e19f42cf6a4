"""passmgr.core: the compiler; knows no pass, no framework and no runtime by name."""
