"""Events to people while they happen: one listener a process, any number of streams.

A stream is a task on the event loop and nothing more: the request that opened it has
ended, and its thread and its database connection with it.
"""

from jobs.streams.hub import Hub, TooManyStreams

__all__ = ["Hub", "TooManyStreams", "hub"]

hub = Hub()
"""This process's."""
