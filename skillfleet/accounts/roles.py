"""The four roles as groups, and what a change of users invalidates in the cache."""

import logging
from typing import Any

from django.apps import apps
from django.apps.config import AppConfig
from django.contrib.auth.models import Group, Permission, User
from django.db import router

from cachelayer import invalidates

log = logging.getLogger(__name__)

VIEWER = frozenset({"taxonomy.view_skill", "taxonomy.view_category"})
AUTHOR = VIEWER | {"jobs.add_job"}
CURATOR = AUTHOR | {
    "taxonomy.publish_skill",
    "taxonomy.change_skill",
    "taxonomy.delete_skill",
    "taxonomy.add_category",
    "taxonomy.change_category",
    "taxonomy.delete_category",
    "taxonomy.view_analytics",
    "jobs.promote_draft",
}
OPERATOR = VIEWER | {
    "jobs.operate_jobs",
    "cachelayer.operate_cache",
    "taxonomy.view_analytics",
    "auth.view_user",
    "auth.change_user",
}
ROLES = {
    "viewer": VIEWER,
    "author": AUTHOR,
    "curator": CURATOR,
    "operator": OPERATOR,
}


def make_roles_after_last_app(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """Create the roles after the post_migrate of the last app, with all permissions."""
    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    if app_config.name == last.name and router.allow_migrate_model(using, Group):
        make_roles(using)


def make_roles(using: str = "default") -> None:
    """Create the groups, and give each exactly its permissions.

    An installation that needs other roles creates other groups.
    """
    existing = permissions_by_name(using)
    for name, permissions in ROLES.items():
        for missing in sorted(permissions - existing.keys()):
            log.warning(
                "role=%s lacks permission=%s: no such permission exists", name, missing
            )
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set(
            [existing[perm] for perm in permissions & existing.keys()]
        )


def permissions_by_name(using: str) -> dict[str, Permission]:
    permissions = Permission.objects.using(using).select_related("content_type")
    return {
        f"{each.content_type.app_label}.{each.codename}": each for each in permissions
    }


EVERYONE = ["/user/*"]

invalidates(User, lambda user: [f"/user/{user.pk}/*"], collection=EVERYONE)
invalidates(Group, EVERYONE, collection=EVERYONE)
invalidates(Permission, EVERYONE, collection=EVERYONE)
for through in (
    User.groups.through,
    User.user_permissions.through,
    Group.permissions.through,
):
    invalidates(through, EVERYONE, collection=EVERYONE)
