"""One package for each page of the dashboard. Pages never import each other."""
