#!/usr/bin/env python3
"""Rewrite the README's table of settings from the fields of ``pilot_core.settings.Settings``."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pilot_core.settings import table  # noqa: E402

README = ROOT / "README.md"
TABLE = re.compile(r"\| Variable \| Default \| Meaning \|\n(?:\|.*\n)+")


def main() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda _: table(), text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
