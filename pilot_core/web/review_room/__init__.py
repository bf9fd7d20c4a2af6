"""The addresses of the founder's review room."""
