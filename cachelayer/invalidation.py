"""Invalidation after changes of models: declarations, signals and QuerySets.

Each app declares in one place which patterns a change invalidates. Bulk methods send no
signals: the managers of a declared model get QuerySets whose bulk methods invalidate.
That includes managers of models from other apps, and the base manager, which cascades
and related objects use.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import models, router
from django.db.models import signals

from cachelayer.keys import ROOT
from cachelayer.transactions import invalidate_on_commit, mark

Patterns = list[str] | Callable[[Any], Iterable[str]]
FORMER = "_cachelayer_former"
"""The attribute of a row with the patterns of its former values, during a save."""
UNSIGNALLED = ("save_base", "delete")
"""Methods that send no signals on the models that Django creates for relations."""


@dataclass(frozen=True)
class Declaration:
    """The patterns that a change, a new row, and a bulk method invalidate."""

    changed: Patterns
    created: Patterns
    collection: tuple[str, ...]


declarations: dict[type[models.Model], list[Declaration]] = {}


def declarations_of(model: type[models.Model]) -> list[Declaration]:
    """The model's own declarations and those of the models it extends."""
    return [
        declaration
        for base in model.__mro__
        for declaration in declarations.get(base, ())
    ]


def collection_of(model: type[models.Model]) -> list[str]:
    """The patterns that bulk methods of the model invalidate."""
    return [
        pattern
        for declaration in declarations_of(model)
        for pattern in declaration.collection
    ]


def patterns_of(instance: models.Model, *, created: bool = False) -> list[str]:
    """The patterns to invalidate when this row changes.

    With `created`, those for a new row as well.
    """
    result: list[str] = []
    for declaration in declarations_of(type(instance)):
        sources = [declaration.changed]
        if created:
            sources.append(declaration.created)
        for patterns in sources:
            result += patterns(instance) if callable(patterns) else patterns
    return result


@contextmanager
def invalidating(patterns: list[str], using: str) -> Iterator[None]:
    """Invalidate these patterns together with the statements in the context."""
    mark(*patterns, using=using)
    try:
        yield
    finally:
        invalidate_on_commit(*patterns, using=using)


def invalidating_collection(rows: models.QuerySet[Any]) -> AbstractContextManager[None]:
    """Invalidate the collection together with a bulk statement on its rows."""
    rows._for_write = True  # type: ignore[attr-defined]
    return invalidating(collection_of(rows.model), rows.db)


class InvalidatingQuerySet(models.QuerySet[Any]):
    """A QuerySet whose bulk methods, which send no signals, invalidate the collection.

    All managers of a declared model use it: see hook_managers.
    """

    if TYPE_CHECKING:
        as_manager: ClassVar[Any]  # django-stubs refuses it in subclasses otherwise

    def update(self, **values: Any) -> int:
        with invalidating_collection(self):
            return super().update(**values)

    def bulk_create(self, *args: Any, **options: Any) -> list[Any]:
        with invalidating_collection(self):
            return super().bulk_create(*args, **options)

    def bulk_update(self, *args: Any, **options: Any) -> int:
        with invalidating_collection(self):
            return super().bulk_update(*args, **options)

    def delete(self) -> tuple[int, dict[str, int]]:
        with invalidating_collection(self):
            return super().delete()

    def _raw_delete(self, using: str | None) -> int:
        with invalidating_collection(self):
            return super()._raw_delete(using)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]
    update.alters_data = True  # type: ignore[attr-defined]
    _raw_delete.alters_data = True  # type: ignore[attr-defined]


class InvalidatingManager(models.Manager[Any]):
    _queryset_class = InvalidatingQuerySet


def hook_managers(model: type[models.Model]) -> None:
    """Give the model's managers QuerySets that invalidate.

    Raises ImproperlyConfigured if rows could be written without these QuerySets.
    """
    options: Any = model._meta
    if options.abstract:
        return
    for manager in options.managers:
        if not invalidates_in_bulk(manager):
            _replace_manager(model, manager)
    if not invalidates_in_bulk(options.base_manager):
        _choose_base_manager(model)
    if options.auto_created:
        for name in UNSIGNALLED:
            setattr(model, name, invalidating_method(getattr(model, name)))


def invalidates_in_bulk(manager: Any) -> bool:
    return issubclass(manager._queryset_class, InvalidatingQuerySet)


def _replace_manager(model: type[models.Model], manager: Any) -> None:
    """Replace a manager under the same name; the model that it came from keeps it."""
    options: Any = model._meta
    hooked = copy(manager)
    hooked.__class__ = invalidating_manager(type(manager))
    for local in list(options.local_managers):
        if local.name == hooked.name:
            options.local_managers.remove(local)
    model.add_to_class(manager.name, hooked)


def _choose_base_manager(model: type[models.Model]) -> None:
    """Use the default manager: a new one would appear in the model's migrations."""
    options: Any = model._meta
    if type(options.default_manager).get_queryset is not models.Manager.get_queryset:
        raise ImproperlyConfigured(
            f"The default manager of {options.label} filters rows. Set "
            "Meta.base_manager_name to a manager with an InvalidatingQuerySet."
        )
    options.base_manager_name = options.default_manager.name
    options._expire_cache()


def invalidating_manager(plain: type[Any]) -> type[Any]:
    """A subclass for managers and related managers; migrations see the plain class."""

    def equal(this: Any, other: Any) -> bool:
        same_kind = isinstance(other, plain)
        return same_kind and this._constructor_args == other._constructor_args

    attributes = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__eq__": equal,
        "__hash__": plain.__hash__,
        "_queryset_class": invalidating_queryset(plain._queryset_class),
    }
    return type(plain.__name__, (plain,), attributes)


def invalidating_queryset(plain: type[Any]) -> type[Any]:
    """The QuerySet class with its own methods, and bulk methods that invalidate."""
    if plain is models.QuerySet:
        return InvalidatingQuerySet
    return type(plain.__name__, (plain, InvalidatingQuerySet), {})


def invalidating_method(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a relation's model, which sends no signals."""
    if hasattr(method, "__wrapped__"):  # hooked already
        return method

    @wraps(method)
    def wrapper(row: models.Model, *args: Any, **options: Any) -> Any:
        using = options.get("using") or router.db_for_write(type(row), instance=row)
        with invalidating(collection_of(type(row)), using):
            return method(row, *args, **options)

    return wrapper


def invalidates(
    model: type[models.Model],
    changed: Patterns,
    *,
    created: Patterns = (),  # type: ignore[assignment]
    collection: Iterable[str] = (ROOT,),
) -> None:
    """Declare that saving, deleting or relating a row invalidates `changed(row)`.

    The patterns are computed for the row as it was and as it becomes. A new row
    invalidates `created`, too. Bulk methods of any manager invalidate `collection`.
    Call it when the models are loaded (in AppConfig.ready).
    """
    declaration = Declaration(changed, created, tuple(collection))
    declarations.setdefault(model, []).append(declaration)
    for sender in apps.get_models(include_auto_created=True):
        if issubclass(sender, model):
            _connect(sender)
    _connect(model)


def _connect(model: type[models.Model]) -> None:
    hook_managers(model)
    for signal, receiver in (
        (signals.pre_save, _before_save),
        (signals.post_save, _after_save),
        (signals.pre_delete, _before_delete),
    ):
        _connect_first(signal, receiver, model)
    fields: tuple[Any, ...] = tuple(model._meta.get_fields(include_hidden=True))
    for field in fields:
        if field.many_to_many:  # declarations_of on either side
            through = getattr(field, "through", None) or field.remote_field.through
            signals.m2m_changed.connect(
                _relations_changed, sender=through, dispatch_uid="cache"
            )


def _connect_first(signal: Any, receiver: Any, model: type[models.Model]) -> None:
    """Call our receiver before all others.

    If another receiver raises, those after it are not called, but the row is written.
    """
    signal.connect(receiver, sender=model, dispatch_uid=receiver.__name__)
    with signal.lock:
        lookup_key = (receiver.__name__, id(model))
        ours = next(row for row in signal.receivers if row[0] == lookup_key)
        signal.receivers.remove(ours)
        signal.receivers.insert(0, ours)
        signal.sender_receivers_cache.clear()


def _before_save(
    sender: type[models.Model], instance: models.Model, raw: bool, using: str, **_: Any
) -> None:
    """Mark the patterns before the statement: later receivers bypass the cache."""
    if raw:
        mark(*collection_of(sender), using=using)
        return
    former = _patterns_before(sender, instance, using)
    setattr(instance, FORMER, former)
    # Patterns may use relations, which a row without a primary key does not have yet.
    current = [] if instance.pk is None else patterns_of(instance)
    mark(*former, *current, using=using)


def _patterns_before(
    sender: type[models.Model], instance: models.Model, using: str
) -> list[str]:
    """The patterns of the stored row that this save replaces, if there is one."""
    key = sender._meta.pk
    has_new_key = instance._state.adding and key is not None and key.has_default()
    if instance.pk is None or has_new_key:
        return []
    return _patterns_now(sender, instance, using)


def _patterns_now(
    sender: type[models.Model], instance: models.Model, using: str, **options: bool
) -> list[str]:
    """The patterns of the stored row, as the instance and its relations may be old."""
    row = sender._base_manager.using(using).filter(pk=instance.pk).first()
    try:
        return patterns_of(row, **options) if row else []
    except ObjectDoesNotExist:  # it refers to a row that is inserted later
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
        invalidate_on_commit(*collection_of(sender), using=using)
        return
    former = instance.__dict__.pop(FORMER, [])
    current = patterns_of(instance, created=created)
    stored = _patterns_now(sender, instance, using, created=created)
    invalidate_on_commit(*former, *current, *stored, using=using)


def _before_delete(
    sender: type[models.Model], instance: models.Model, using: str, **_: Any
) -> None:
    """Invalidate on commit; Django sends the signal in a transaction, and before it
    deletes the row's relations."""
    stored = _patterns_now(sender, instance, using)
    invalidate_on_commit(*patterns_of(instance), *stored, using=using)


def _relations_changed(
    sender: type[models.Model],
    instance: models.Model,
    model: type[models.Model],
    pk_set: set[Any] | None,
    using: str,
    **_: Any,
) -> None:
    """Invalidate on commit; Django sends the signal before and after the change, in a
    transaction."""
    patterns = patterns_of(instance)
    if pk_set is None:  # cleared: the signal does not name the rows
        patterns += collection_of(model)
    elif declarations_of(model):
        for related in model._base_manager.using(using).filter(pk__in=pk_set):
            patterns += patterns_of(related)
    invalidate_on_commit(*patterns, using=using)
