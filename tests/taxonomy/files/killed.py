"""`python -m tests.taxonomy.files.killed ROOT STEPS DEED`: killed folder writes.

For every line of the operation it makes a folder in ROOT in which a process was killed
at that line; in the last folder the operation has completed.
"""

import os
import signal
import sys
from functools import partial
from itertools import count
from pathlib import Path

from taxonomy.files import write
from taxonomy.files.write import write_folder
from tests.taxonomy.files.deeds import DEEDS, NEW, OLD
from tests.taxonomy.files.faults import at


def main(root: Path, steps: str, deed: str) -> None:
    assert NEW != OLD
    if steps == "three":
        write.renameat2 = None
    for number in count(1):
        target = root / f"{number:04}" / "a"
        write_folder(OLD, target)
        child = os.fork()
        if not child:
            with at(number, partial(os.kill, os.getpid(), signal.SIGKILL)):
                DEEDS[deed](target)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
