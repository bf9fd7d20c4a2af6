"""A small store of every schema there has been, to be opened by the tests; ``make`` says where they come from."""
