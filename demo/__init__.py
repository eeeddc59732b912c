"""`make demo` and `make serve`: the product from its own doors, by real requests."""
