#!/usr/bin/env python3
"""The guide's command: start, continue, review and report pilots from a shell. See ``--help``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pilot_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
