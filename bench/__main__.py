"""``python -m bench``: what must stay fast, measured."""

import sys

from bench import pages

sys.exit(pages.main(None))
