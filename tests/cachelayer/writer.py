"""Another process that writes: `python -m tests.cachelayer.writer`. It reads lines with
a database name and an action from stdin, and prints "done" after each."""

import sys
from collections.abc import Callable

import django


def save() -> None:
    group = BulkGroup.objects.get(name="readers")
    group.save()


def create() -> None:
    BulkGroup.objects.create(name="writers")


def delete() -> None:
    BulkGroup.objects.get(name="readers").delete()


def bulk_update() -> None:
    BulkGroup.objects.filter(name="readers").update(name="renamed")


def bulk_create() -> None:
    BulkGroup.objects.bulk_create([BulkGroup(name="a"), BulkGroup(name="b")])


def bulk_delete() -> None:
    BulkGroup.objects.filter(name="readers").delete()


def relate() -> None:
    user = User.objects.create(username="ann")
    user.groups.add(BulkGroup.objects.get(name="readers"))


def set_key() -> None:
    cache_manager.set("/groups/key", "new")


def delete_key() -> None:
    cache_manager.invalidate("/groups/key")


def clear() -> None:
    cache_manager.clear()


def killed_in_a_bump() -> None:
    """Leave the epoch odd, as a kill in the middle of a bump does."""
    backend().stamps.words[0] += 1


ACTIONS: dict[str, Callable[[], None]] = {
    action.__name__: action
    for action in (
        save,
        create,
        delete,
        bulk_update,
        bulk_create,
        bulk_delete,
        relate,
        set_key,
        delete_key,
        clear,
        killed_in_a_bump,
    )
}

if __name__ == "__main__":
    django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.db import connection  # noqa: E402

from cachelayer import cache_manager, invalidates  # noqa: E402
from cachelayer.transactions import backend  # noqa: E402
from tests.cachelayer.models import BulkGroup  # noqa: E402


def declare() -> None:
    for model in (Group, BulkGroup):
        invalidates(model, lambda group: ["/groups/*"], collection=["/groups/*"])


if __name__ == "__main__":
    declare()
    for line in sys.stdin:
        connection.settings_dict["NAME"], action = line.rstrip("\n").split("\t")
        ACTIONS[action]()
        connection.close()
        print("done", flush=True)
