"""Measurements of this project and of alternatives, for
docs/reference/benchmarks.md."""
