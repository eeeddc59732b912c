"""A child that does one thing."""

import os
import traceback
import warnings
from collections.abc import Callable


def fork(work: Callable[[], object]) -> int:
    """Start it; returns its process id. Its exit code says whether it worked."""
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
