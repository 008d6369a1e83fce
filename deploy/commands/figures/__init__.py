"""``yidi figures``: one module a subject."""
