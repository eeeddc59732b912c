"""Event streams: one listener thread per process serves any number of clients.

A stream is a task on the event loop and nothing more: the request that opened it has
ended, and its thread and its database connection with it.
"""
