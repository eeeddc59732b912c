"""What a change of a model retires, declared on one page per room."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import signals

from cachelayer.adoption import adopt
from cachelayer.patterns import ROOT
from cachelayer.registry import (
    Declaration,
    Patterns,
    collection_of,
    declarations,
    declared,
    patterns_of,
)
from cachelayer.transactions import mark, retire

FORMER = "_cachelayer_former"


def invalidates(
    model: type[models.Model],
    changed: Patterns,
    *,
    created: Patterns = (),  # type: ignore[assignment]
    collection: Iterable[str] = (ROOT,),
) -> None:
    """Saving, deleting or relating an instance retires `changed(instance)`.

    The patterns are taken of the row as it was and as it becomes. A new row retires
    `created` besides; bulk methods retire `collection`, of any manager. Call it when
    the models are loaded (AppConfig.ready).
    """
    found = Declaration(changed, created, tuple(collection))
    declarations.setdefault(model, []).append(found)
    for sender in apps.get_models(include_auto_created=True):
        if issubclass(sender, model):
            _connect(sender)
    _connect(model)


def _connect(model: type[models.Model]) -> None:
    adopt(model)
    for signal, receiver in (
        (signals.pre_save, _before_save),
        (signals.post_save, _after_save),
        (signals.pre_delete, _before_delete),
    ):
        _connect_first(signal, receiver, model)
    fields: tuple[Any, ...] = tuple(model._meta.get_fields(include_hidden=True))
    for field in fields:
        if field.many_to_many:  # from either side
            through = getattr(field, "through", None) or field.remote_field.through
            signals.m2m_changed.connect(_relating, sender=through, dispatch_uid="cache")


def _connect_first(signal: Any, receiver: Any, model: type[models.Model]) -> None:
    """Ahead of all others: one that raises ends the rest, with the row written."""
    signal.connect(receiver, sender=model, dispatch_uid=receiver.__name__)
    with signal.lock:
        ours = next(
            row for row in signal.receivers if row[0] == (receiver.__name__, id(model))
        )
        signal.receivers.remove(ours)
        signal.receivers.insert(0, ours)
        signal.sender_receivers_cache.clear()


def _before_save(
    sender: type[models.Model], instance: models.Model, raw: bool, using: str, **_: Any
) -> None:
    """Mark before the statement, so that later receivers already read past us."""
    if raw:
        mark(*collection_of(sender), using=using)
        return
    former = _patterns_before(sender, instance, using)
    setattr(instance, FORMER, former)
    # Without a key it has no relations yet, which its patterns may ask for.
    known = [] if instance.pk is None else patterns_of(instance)
    mark(*former, *known, using=using)


def _patterns_before(
    sender: type[models.Model], instance: models.Model, using: str
) -> list[str]:
    """Of the row that this save replaces."""
    key = sender._meta.pk
    made_here = instance._state.adding and key is not None and key.has_default()
    if instance.pk is None or made_here:
        return []
    return _patterns_now(sender, instance, using)


def _patterns_now(
    sender: type[models.Model], instance: models.Model, using: str, **options: bool
) -> list[str]:
    """Of the row as it is stored: the instance and its relations may be old."""
    row = sender._base_manager.using(using).filter(pk=instance.pk).first()
    try:
        return patterns_of(row, **options) if row else []
    except ObjectDoesNotExist:  # it was inserted before what it refers to
        return []


def _after_save(
    sender: type[models.Model],
    instance: models.Model,
    created: bool,
    raw: bool,
    using: str,
    **_: Any,
) -> None:
    if raw:
        retire(*collection_of(sender), using=using)
        return
    former = instance.__dict__.pop(FORMER, [])
    found = patterns_of(instance, created=created)
    now = _patterns_now(sender, instance, using, created=created)
    retire(*former, *found, *now, using=using)


def _before_delete(
    sender: type[models.Model], instance: models.Model, using: str, **_: Any
) -> None:
    """Django sends it within its own transaction, while the relations are there."""
    now = _patterns_now(sender, instance, using)
    retire(*patterns_of(instance), *now, using=using)


def _relating(
    sender: type[models.Model],
    instance: models.Model,
    model: type[models.Model],
    pk_set: set[Any] | None,
    using: str,
    **_: Any,
) -> None:
    """Sent before and after, within Django's own transaction, from either side."""
    patterns = patterns_of(instance)
    if pk_set is None:  # cleared: which rows, nobody says
        patterns += collection_of(model)
    elif declared(model):
        for related in model._base_manager.using(using).filter(pk__in=pk_set):
            patterns += patterns_of(related)
    retire(*patterns, using=using)
