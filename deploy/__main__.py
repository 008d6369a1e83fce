"""``python -m deploy``: the same as the ``yidi`` command."""

from deploy.cli import main

main()
