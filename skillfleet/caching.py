"""What a change of people and their roles retires."""

from django.contrib.auth.models import Group, User

from cachelayer import invalidates

EVERYONE = ["/user/*"]

invalidates(User, lambda user: [f"/user/{user.pk}/*"], collection=EVERYONE)
invalidates(Group, EVERYONE, collection=EVERYONE)
