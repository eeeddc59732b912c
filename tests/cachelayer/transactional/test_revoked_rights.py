"""A response is not stored if the permission for it was revoked meanwhile."""

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from cachelayer import cache_user_data, invalidates
from tests.cachelayer.arrivals import arrived
from tests.cachelayer.threads import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


class Member(BasePermission):
    """Notes on the view whether the user is a member, and then calls `then`."""

    def has_permission(self, request, view):
        view.member = request.user.groups.filter(name="members").exists()
        while then:
            elsewhere(then.pop())
        return True


class Secret(APIView):
    authentication_classes = ()
    permission_classes = (Member,)

    @cache_user_data
    def get(self, request):
        return Response({"secret": self.member})


then = []


@pytest.fixture
def member(declared_groups):
    invalidates(User, lambda user: [f"/user/{user.pk}/*"])
    then.clear()
    user = User.objects.create(username="ann")
    user.groups.add(Group.objects.create(name="members"))
    return user


def ask(user, *, arrives=True):
    request = APIRequestFactory().get("/secret")
    force_authenticate(request, User.objects.get(pk=user.pk))
    response = Secret.as_view()(arrived(request) if arrives else request)
    return response.render() if hasattr(response, "render") else response


def test_a_right_revoked_after_it_was_checked_is_not_served_from_the_cache(member):
    then.append(lambda: member.groups.clear())

    first = ask(member).content
    assert first == b'{"secret":true}', "the permission was checked before"
    assert ask(member).content == b'{"secret":false}'


def test_a_right_that_stays_is_served_from_the_cache(member):
    assert [ask(member)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_a_request_of_unknown_age_is_not_cached(member):
    assert [ask(member, arrives=False)["X-Cache"] for _ in range(2)] == ["BYPASS"] * 2
