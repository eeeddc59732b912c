"""The people of a demo, made in this process."""

import os
import secrets

import django


def join(env: dict[str, str]) -> None:
    """Make this process one of the demo's: its settings, its database."""
    os.environ.update(env, DJANGO_SETTINGS_MODULE="skillfleet.settings")
    django.setup()


def make_person(name: str, *groups: str) -> None:
    from django.contrib.auth.models import Group, User

    person = User.objects.create_user(name, password=secrets.token_urlsafe(12))
    person.groups.set(Group.objects.filter(name__in=groups))
    leave_database()


def make_first_admin(name: str) -> str | None:
    """The new admin's password, or None when there is an admin already."""
    from django.contrib.auth.models import User

    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    admin, _ = User.objects.get_or_create(username=name)
    admin.is_staff = admin.is_superuser = admin.is_active = True
    admin.set_password(password)
    admin.save()
    leave_database()
    return password


def leave_database() -> None:
    from django.db import connections

    connections.close_all()
