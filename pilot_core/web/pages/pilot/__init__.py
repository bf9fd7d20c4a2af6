"""The parts of one pilot's page, each drawn by a ``show`` that takes the page's view of the pilot."""
