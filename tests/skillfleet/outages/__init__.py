"""The real web server under load while its cache's server fails in every way."""
