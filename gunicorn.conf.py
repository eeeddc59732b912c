"""What gunicorn reads when it starts in this folder; elsewhere name it with -c."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from skillfleet.gunicorn import *  # noqa: F403
