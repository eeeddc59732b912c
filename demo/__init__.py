"""`make demo` and `make serve`: the product run and used as a user would."""
