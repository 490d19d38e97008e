"""Entry point of ``python -m koubei_sim``, the same as the command ``koubei``."""

import sys

from koubei_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
