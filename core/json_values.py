"""JSON from outside: what every database takes, or a refusal that names the place."""

import json
import math
from typing import Any, ClassVar, NoReturn

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1  # what a column of either database holds
MAX_INTEGER_DIGITS = 30  # a longer one is refused unread: reading it is quadratic


class JSONValueError(ValueError):
    """This is not JSON that can be stored."""

    status_code: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_json"

    def __init__(self, place: str, finding: str) -> None:
        super().__init__(f"{place}: {finding}" if place else finding)
        self.place = place
        self.fields = {place: [finding]} if place else {}


class _RepeatedKey(dict[str, Any]):
    """An object in which `key` came twice; kept until its place is known."""

    key = ""


def parse_json(text: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON text, checked by `check_json`; duplicate keys refused."""
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

    Raises JSONValueError with the place, like `sources[2].name`. Goes through the
    value with a list, not by recursion: no depth can exhaust the stack.
    """
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        place, found, depth = waiting.pop()
        if isinstance(found, dict):
            _check_depth(place, depth + 1, max_depth)
            _check_keys(place, found)
            waiting += [
                (f"{place}.{key}" if place else key, inner, depth + 1)
                for key, inner in found.items()
            ]
        elif isinstance(found, list | tuple):
            _check_depth(place, depth + 1, max_depth)
            waiting += [
                (f"{place}[{index}]", inner, depth + 1)
                for index, inner in enumerate(found)
            ]
        else:
            _check_scalar(place, found)


def text_finding(text: str) -> str | None:
    """Why no database could store this text, or None."""
    if "\0" in text:
        return "Holds a NUL character (U+0000); remove it."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Holds half of a surrogate pair; send whole characters."
    return None


def _check_scalar(place: str, found: Any) -> None:
    if isinstance(found, str):
        if finding := text_finding(found):
            raise JSONValueError(place, finding)
    elif isinstance(found, float):
        if not math.isfinite(found):
            _refuse(place, "NaN and Infinity are not JSON; send a number or null.")
    elif isinstance(found, int):
        if abs(found) > MAX_INTEGER:
            _refuse(place, "The integer is too large; it may have 64 bits.")
    elif found is not None:
        _refuse(place, f"A {type(found).__name__} is not a JSON value.")


def _check_keys(place: str, found: dict[Any, Any]) -> None:
    if isinstance(found, _RepeatedKey):
        _refuse(place, f"The key {found.key!a} occurs twice in one object.")
    for key in found:
        if not isinstance(key, str):
            _refuse(place, f"The key {key!a} is not a string.")
        if finding := text_finding(key):
            _refuse(place, f"The key {key!a} is refused. {finding}")


def _check_depth(place: str, depth: int, max_depth: int) -> None:
    if depth > max_depth:
        _refuse(place, _too_deep(max_depth))


def _too_deep(max_depth: int) -> str:
    return f"Nested too deep; {max_depth} levels are allowed."


def _refuse(place: str, finding: str) -> NoReturn:
    raise JSONValueError(place, finding)


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _RepeatedKey(found)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            repeated.key = key
            break
        seen.add(key)
    return repeated


def _to_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else MAX_INTEGER + 1
