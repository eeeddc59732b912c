"""What gunicorn reads for the event streams: gunicorn -c gunicorn_events.conf.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from skillfleet.gunicorn_events import *  # noqa: F403
