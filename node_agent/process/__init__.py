"""The running agent: settings, one process, its loops and its tidying."""
