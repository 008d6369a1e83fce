"""Keys of nodes, persons and applicants: enrolled, rotated, recovered."""
