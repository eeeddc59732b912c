"""gunicorn reads this file when it starts in this folder; elsewhere pass it by -c."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from skillfleet.gunicorn import *  # noqa: F403
