"""A PostgreSQL and a Valkey of our own, from pip packages, for one test run."""
