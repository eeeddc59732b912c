"""gunicorn's settings for the event streams, served by the ASGI entry.

Start it in this folder, beside the web server: gunicorn -c gunicorn_events.conf.py.
One process is enough, because a stream takes no thread. Killing it has the same
consequences for the cache as killing a web worker, and is handled in the same way.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from skillfleet.gunicorn import *  # noqa: F403
from skillfleet.gunicorn import env

wsgi_app = "skillfleet.asgi"
bind = env.str("SKILLFLEET_EVENTS_BIND", default="127.0.0.1:8001")
worker_class = "asgi"
workers = 1
threads = 1
graceful_timeout = 3  # a stream never ends by itself; its client reconnects
