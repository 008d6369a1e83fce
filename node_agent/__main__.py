"""``python -m node_agent --home DIR``: run the agent whose keys, settings and journal lie in DIR."""

import argparse
import os
import sys
from pathlib import Path

from node_agent.process.daemon import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="node_agent", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the agent, mode 0700")
    os.umask(0o077)
    sys.exit(main(parser.parse_args().home))
