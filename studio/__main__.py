"""``python -m studio``: the same as the command ``triptych``."""

import sys

from studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
