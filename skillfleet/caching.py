"""What a change of people and their roles retires."""

from django.contrib.auth.models import Group, Permission, User

from cachelayer import invalidates

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
