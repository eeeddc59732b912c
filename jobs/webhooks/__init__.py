"""Signed calls to the outside: written with the event, sent by the workers."""
