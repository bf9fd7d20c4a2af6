"""The new pilot page."""
