"""The parts of the metrics page."""
