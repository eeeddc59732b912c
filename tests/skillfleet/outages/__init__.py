"""The real web server under load while its cache server fails in every way."""
