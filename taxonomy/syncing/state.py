"""What a folder and the fleet had in common the last time: a file in the folder."""

import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from taxonomy.packaging.errors import SourceRefused
from taxonomy.packaging.json_values import JSONValueError, parse_json

FILE = ".skillfleet-sync.json"
FORMAT = 1
MOST_BYTES = 32 * 2**20
DEPTH = 4
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Common:
    """The bundle that both sides had, and its version number here."""

    digest: str
    version: str


State = dict[str, Common]
"""By the skill's name."""


def read_state(folder: Path) -> State:
    """Empty before the first time. Raises SourceRefused for what we did not write."""
    path = folder / FILE
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceRefused(f"{path} is no file.")
            text = file.read(MOST_BYTES)
        return as_state(parse_json(text, max_depth=DEPTH))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"{path}: {error}.") from error
    except (JSONValueError, KeyError, TypeError, AttributeError):
        raise SourceRefused(
            f"{path} cannot be read. Remove it: then what differs is a conflict."
        ) from None


def as_state(found: dict[str, dict[str, dict[str, str]]]) -> State:
    """Raises KeyError, TypeError or AttributeError for another form."""
    if found["format"] != FORMAT:
        raise KeyError("format")
    state = {
        name: Common(each["digest"], each["version"])
        for name, each in found["skills"].items()
    }
    if not all(DIGEST.fullmatch(common.digest) for common in state.values()):
        raise KeyError("digest")
    return state


def write_state(folder: Path, state: State) -> None:
    """In one step: a reader finds the old file or the new one."""
    skills = {
        name: {"digest": common.digest, "version": common.version}
        for name, common in sorted(state.items())
    }
    text = json.dumps({"format": FORMAT, "skills": skills}, indent=1)
    descriptor, beside = tempfile.mkstemp(prefix=FILE, dir=folder)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "w") as file:
            file.write(f"{text}\n")
        os.replace(beside, folder / FILE)
    except BaseException:
        os.unlink(beside)
        raise
