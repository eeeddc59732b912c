"""Event streams: one listener thread per process serves any number of clients.

A stream is only a task on the event loop: the request that opened it has ended and has
released its thread and its database connection.
"""
