"""Exchange at the department: tables of the integrated platform, and the hook for the own line system (issue 4, 8)."""
