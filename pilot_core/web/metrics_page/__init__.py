"""The metrics page, piece by piece; ``pages/metrics.py`` puts them together."""
