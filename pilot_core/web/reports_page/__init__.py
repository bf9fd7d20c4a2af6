"""The reports page, piece by piece; ``pages/reports.py`` puts them together."""
