"""Figures at a node (J05): read from its own leaves, or from evidence packages that it verified itself."""
