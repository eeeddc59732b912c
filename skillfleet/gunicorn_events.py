"""gunicorn's settings for the ASGI entry, beside the web server: event streams.

One process is enough: a stream is no thread. What a killed process means for the cache
is the same as for the web server's.
"""

from skillfleet.gunicorn import *  # noqa: F403
from skillfleet.gunicorn import env

wsgi_app = "skillfleet.asgi"
bind = env.str("SKILLFLEET_EVENTS_BIND", default="127.0.0.1:8001")
worker_class = "asgi"
workers = 1
threads = 1
graceful_timeout = 3  # streams never end by themselves; who follows comes back
