"""Chinese commands for window, department, auditor and operator; each prints for people, or JSON with ``--json``."""
