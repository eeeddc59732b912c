"""Asynchronous twins of what BaseCache would make of several steps.

There a value could be lost or retired between two steps; here each is one call, on the
thread that has the connections. A callable default is called there too.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async


def twin(name: str) -> Callable[..., Any]:
    async def method(cache: Any, *args: Any, **options: Any) -> Any:
        return await sync_to_async(getattr(cache, name))(*args, **options)

    method.__name__ = f"a{name}"
    return method


class Twins:
    """What a backend inherits before BaseCache."""

    aget_many = twin("get_many")
    aset_many = twin("set_many")
    adelete_many = twin("delete_many")
    aget_or_set = twin("get_or_set")
    ahas_key = twin("has_key")
    aincr = twin("incr")
    aincr_version = twin("incr_version")
    aclose = twin("close")
