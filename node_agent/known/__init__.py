"""What a node knows without asking anybody: its cases, the registry, the directory snapshot."""
