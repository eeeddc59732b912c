"""What is named on a command line; CommandError says which option is wrong."""

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from taxonomy.exceptions import UnknownCategory
from taxonomy.models import Category


def active_user(name: str) -> User | None:
    """None when nobody is named."""
    if not name:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"--user: there is no active user {name!r}.")
    return user


def category_named(path: str | None) -> Category | None:
    if not path:
        return None
    try:
        return Category.objects.named(path)
    except UnknownCategory:
        raise CommandError(f"--category: there is no category {path!r}.") from None
