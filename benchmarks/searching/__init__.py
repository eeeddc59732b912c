TOO_MANY = "-"
"""Replaces the digest of a question with as many results as are ranked at most."""
