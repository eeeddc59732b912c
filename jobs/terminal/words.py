"""What the terminal says of jobs, in words."""

from taxonomy.terminal import printable, say

__all__ = ["printable", "say", "seconds"]


def seconds(duration: float) -> str:
    """`12 s`, `3 min 5 s`."""
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
