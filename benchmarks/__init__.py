"""Measurements beside the peers, for docs/reference/benchmarks.md alone."""
