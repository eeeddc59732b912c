TOO_MANY = "-"
"""In place of what a question found, when it found as many as are ranked."""
