"""The charts of the metrics page, one module each; ``registry`` lists them."""
