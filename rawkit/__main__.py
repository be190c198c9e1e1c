"""``python -m rawkit``: the same as ``rawkit``."""

import sys

from rawkit.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
