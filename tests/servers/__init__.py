"""PostgreSQL and Valkey for one test run, from pip packages."""
