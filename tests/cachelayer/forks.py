"""Child processes that call one function."""

import os
import traceback
import warnings
from collections.abc import Callable


def fork(work: Callable[[], object]) -> int:
    """Call `work` in a forked child; return its process id. The exit code is 1 if it
    raised."""
    with warnings.catch_warnings():  # newer Pythons warn of the parent's threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def succeeded(child: int) -> bool:
    return os.waitpid(child, 0)[1] == 0
