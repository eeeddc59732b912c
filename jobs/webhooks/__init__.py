"""Webhooks: signed HTTP calls, written with the event and sent by the workers."""
