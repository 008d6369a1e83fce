"""The hub as a process: settings, wiring, start and stop."""
