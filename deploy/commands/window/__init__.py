"""``yidi window``: one module a subject; ``main`` has the daily commands."""
