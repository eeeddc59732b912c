"""What a folder and the fleet had in common the last time: a file in the folder."""

import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.json_values import JSONValueError, parse_json
from taxonomy.files.gate import SourceRefused

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


@dataclass
class State:
    """`fleet`: whose it is; empty before the first time, or where nothing says it."""

    fleet: str = ""
    skills: dict[str, Common] = field(default_factory=dict)
    """By the skill's name."""

    def of(self, fleet: str) -> "State":
        """What this fleet may believe of it: nothing that another one wrote."""
        return self if self.fleet == fleet else State(fleet)

    def change(self, name: str, common: Common | None) -> bool:
        """None: neither side has it any more. Returns whether what was known before
        is no longer true."""
        before = self.skills.pop(name, None)
        if common:
            self.skills[name] = common
        return before is not None and before != common


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
        return State()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"{path}: {error}.") from error
    except (JSONValueError, KeyError, TypeError, AttributeError):
        raise SourceRefused(
            f"{path} cannot be read. Remove it: then what differs is a conflict."
        ) from None


def as_state(found: dict[str, Any]) -> State:
    """Raises KeyError, TypeError or AttributeError for another form."""
    if found["format"] != FORMAT:
        raise KeyError("format")
    skills = {
        name: Common(each["digest"], each["version"])
        for name, each in found["skills"].items()
    }
    if not all(DIGEST.fullmatch(common.digest) for common in skills.values()):
        raise KeyError("digest")
    return State(str(found.get("fleet", "")), skills)


def write_state(folder: Path, state: State) -> None:
    """In one step: a reader finds the old file or the new one."""
    skills = {
        name: {"digest": common.digest, "version": common.version}
        for name, common in sorted(state.skills.items())
    }
    known = {"format": FORMAT, "fleet": state.fleet, "skills": skills}
    text = json.dumps(known, indent=1)
    descriptor, beside = tempfile.mkstemp(prefix=FILE, dir=folder)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "w") as file:
            file.write(f"{text}\n")
        os.replace(beside, folder / FILE)
    except BaseException:
        os.unlink(beside)
        raise
