"""What a demo says when a step is not as it should be."""


class Failed(Exception):
    """The message is for the person who watches."""
