"""JSON from clients: parsed and checked so that every database can store it."""

import json
import math
import re
from typing import Any, ClassVar, NoReturn

MAX_DEPTH = 32
MAX_ELEMENTS = 100_000
MAX_INTEGER = 2**63 - 1  # the largest that a column of either database can hold
MAX_INTEGER_DIGITS = 30  # a longer one is not parsed, as that takes quadratic time

STRING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)

Place = tuple["Place", str] | None
"""Where a value is: the place of its container, and its key or index; None: at the top.

It becomes text only in a message, as that costs time and memory for each element.
"""


class JSONValueError(ValueError):
    """The text is not JSON, or not JSON that every database can store."""

    status_code: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_json"

    def __init__(self, place: str, finding: str) -> None:
        super().__init__(f"{place}: {finding}" if place else finding)
        self.place = place
        self.fields = {place: [finding]} if place else {}


class _RepeatedKey(dict[str, Any]):
    """An object in which `key` occurs twice; reported when its place is known."""

    key = ""


def parse_json(
    text: str, *, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS
) -> Any:
    """The value of a JSON text, checked by `check_json`; duplicate keys refused.

    Its elements are counted first, as each needs many times the memory of its text.
    """
    if text.count(",") >= max_elements:
        commas = STRING.sub("", text).count(",")
        if commas >= max_elements:
            _refuse(None, f"Too many values; {max_elements} are allowed.")
    try:
        value = json.loads(text, object_pairs_hook=_to_object, parse_int=_to_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise JSONValueError("", f"Not JSON at {place}: {error.msg}.") from None
    except RecursionError:
        raise JSONValueError("", _too_deep(max_depth)) from None
    check_json(value, max_depth=max_depth)
    return value


def check_json(value: Any, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse what some database would: NUL, lone surrogates, NaN, huge integers.

    Raises JSONValueError with the place, like `sources[2].name`. It walks the value
    with a list instead of recursion, so no nesting can exhaust the stack.
    """
    waiting: list[tuple[Place, Any, int]] = [(None, value, 0)]
    while waiting:
        place, value, depth = waiting.pop()
        if isinstance(value, dict):
            _check_depth(place, depth + 1, max_depth)
            _check_keys(place, value)
            waiting += [
                ((place, f".{key}"), inner, depth + 1) for key, inner in value.items()
            ]
        elif isinstance(value, list | tuple):
            _check_depth(place, depth + 1, max_depth)
            waiting += [
                ((place, f"[{index}]"), inner, depth + 1)
                for index, inner in enumerate(value)
            ]
        else:
            _check_scalar(place, value)


def text_finding(text: str) -> str | None:
    """Why a database could not store this text, or None if all could."""
    if "\0" in text:
        return "Holds a NUL character (U+0000); remove it."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Holds half of a surrogate pair; send whole characters."
    return None


def _check_scalar(place: Place, value: Any) -> None:
    if isinstance(value, str):
        if finding := text_finding(value):
            _refuse(place, finding)
    elif isinstance(value, float):
        if not math.isfinite(value):
            _refuse(place, "NaN and Infinity are not JSON; send a number or null.")
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            _refuse(place, "The integer is too large; it may have 64 bits.")
    elif value is not None:
        _refuse(place, f"A {type(value).__name__} is not a JSON value.")


def _check_keys(place: Place, value: dict[Any, Any]) -> None:
    if isinstance(value, _RepeatedKey):
        _refuse(place, f"The key {value.key!a} occurs twice in one object.")
    for key in value:
        if not isinstance(key, str):
            _refuse(place, f"The key {key!a} is not a string.")
        if finding := text_finding(key):
            _refuse(place, f"The key {key!a} is refused. {finding}")


def _check_depth(place: Place, depth: int, max_depth: int) -> None:
    if depth > max_depth:
        _refuse(place, _too_deep(max_depth))


def _too_deep(max_depth: int) -> str:
    return f"Nested too deep; {max_depth} levels are allowed."


def _refuse(place: Place, finding: str) -> NoReturn:
    steps: list[str] = []
    while place:
        place, step = place
        steps.append(step)
    raise JSONValueError("".join(reversed(steps)).removeprefix("."), finding)


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of the pairs; if a key is repeated, it is marked as such.

    `check_json` refuses it later: only that knows where in the text the object is.
    """
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeated = _RepeatedKey(value)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            repeated.key = key
            break
        seen.add(key)
    return repeated


def _to_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else MAX_INTEGER + 1
