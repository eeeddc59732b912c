"""A declared model's managers give QuerySets whose bulk methods retire.

Also the managers of models that are not ours, and the base manager, which cascades
and related objects go through.
"""

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models, router

from cachelayer.bulk import RetiringQuerySet, retiring
from cachelayer.registry import collection_of

UNSIGNALLED = ("save_base", "delete")


def adopt(model: type[models.Model]) -> None:
    """Raises ImproperlyConfigured when rows could be written behind our back."""
    options: Any = model._meta
    if options.abstract:
        return
    for manager in options.managers:
        if not retires(manager):
            _replace(model, manager)
    if not retires(options.base_manager):
        _choose_base(model)
    if options.auto_created:
        for name in UNSIGNALLED:
            setattr(model, name, retiring_method(getattr(model, name)))


def retires(manager: Any) -> bool:
    return issubclass(manager._queryset_class, RetiringQuerySet)


def _replace(model: type[models.Model], manager: Any) -> None:
    """Under the same name; one that is inherited stays as it is for others."""
    options: Any = model._meta
    made = copy(manager)
    made.__class__ = retiring_manager(type(manager))
    for former in [each for each in options.local_managers if each.name == made.name]:
        options.local_managers.remove(former)
    model.add_to_class(manager.name, made)


def _choose_base(model: type[models.Model]) -> None:
    """One more manager would show in the model's migrations."""
    options: Any = model._meta
    if type(options.default_manager).get_queryset is not models.Manager.get_queryset:
        raise ImproperlyConfigured(
            f"{options.label}: its default manager chooses rows; give its Meta a "
            "base_manager_name whose QuerySet is a RetiringQuerySet"
        )
    options.base_manager_name = options.default_manager.name
    options._expire_cache()


def retiring_manager(plain: type[Any]) -> type[Any]:
    """A class: related managers extend it. To migrations it is the plain one."""

    def equal(this: Any, other: Any) -> bool:
        same = isinstance(other, plain)
        return same and this._constructor_args == other._constructor_args

    written = {
        "__module__": plain.__module__,
        "__qualname__": plain.__qualname__,
        "__eq__": equal,
        "__hash__": plain.__hash__,
        "_queryset_class": retiring_queryset(plain._queryset_class),
    }
    return type(plain.__name__, (plain,), written)


def retiring_queryset(plain: type[Any]) -> type[Any]:
    """The manager's own methods, over bulk methods that retire."""
    if plain is models.QuerySet:
        return RetiringQuerySet
    return type(plain.__name__, (plain, RetiringQuerySet), {})


def retiring_method(method: Callable[..., Any]) -> Callable[..., Any]:
    """Django sends no signals for the rows of a model that it made itself."""
    if hasattr(method, "__wrapped__"):  # declared twice
        return method

    @wraps(method)
    def wrapper(row: models.Model, *args: Any, **options: Any) -> Any:
        using = options.get("using") or router.db_for_write(type(row), instance=row)
        with retiring(collection_of(type(row)), using):
            return method(row, *args, **options)

    return wrapper
