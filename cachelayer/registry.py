"""What is declared: which patterns a model's change retires."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

Patterns = list[str] | Callable[[Any], Iterable[str]]


@dataclass(frozen=True)
class Declaration:
    changed: Patterns
    created: Patterns
    collection: tuple[str, ...]


declarations: dict[type[models.Model], list[Declaration]] = {}


def declared(model: type[models.Model]) -> list[Declaration]:
    """The model's own declarations and those of the models it extends."""
    return [one for base in model.__mro__ for one in declarations.get(base, ())]


def collection_of(model: type[models.Model]) -> list[str]:
    return [pattern for one in declared(model) for pattern in one.collection]


def patterns_of(instance: models.Model, *, created: bool = False) -> list[str]:
    """What this row's change retires."""
    found: list[str] = []
    for one in declared(type(instance)):
        for patterns in (one.changed, one.created) if created else (one.changed,):
            found += patterns(instance) if callable(patterns) else patterns
    return found
