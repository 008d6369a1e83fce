"""The window: a draft from intake to the seal, and everything that comes back to it (T01-T07, T12R, T17, T24)."""
