"""What the views of skills share."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from cachelayer import add_cache_tags
from core.users import requested_user_key
from taxonomy.models import Category, Skill, SkillVersion
from taxonomy.models.skill import SkillQuerySet
from taxonomy.permissions import Audience, audience


class SkillReading(APIView):
    """A view of skills, or below one skill: `ref` is a name, former name or UUID."""

    audience: Audience

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """The user is looked at here, before anything that is cached for many."""
        super().initial(request, *args, **kwargs)
        self.audience = audience(request)

    @property
    def curator(self) -> User:
        """Who writes; the permission to write is given to people only."""
        return cast(User, self.request.user)

    def readable(self) -> SkillQuerySet:
        return Skill.objects.visible_as(self.audience)

    def skill(self, rows: SkillQuerySet | None = None) -> Skill:
        """The skill that the address names; 404 when it is not there or not visible."""
        ref = str(self.kwargs["ref"])
        found = self.readable().for_reading() if rows is None else rows
        try:
            skill = found.resolve(ref)
        except Skill.DoesNotExist:
            raise Http404(f"There is no skill {ref[:80]!r}.") from None
        add_cache_tags(self.request, f"/skills/{skill.name}/*")
        if skill.replacement:
            add_cache_tags(self.request, f"/skills/{skill.replacement.name}/*")
        self.shows(skill.current)
        return skill

    def shows(self, *versions: SkillVersion) -> None:
        """The answer holds the names of these versions' authors."""
        authors = {version.author_id for version in versions if version.author_id}
        add_cache_tags(self.request, *(f"/authors/{pk}/*" for pk in sorted(authors)))

    def version(
        self, skill: Skill, number: str | None, *, to_install: bool = False
    ) -> SkillVersion:
        """The version of that number or digest; the current one without either.

        A yanked one is a 410, but for a curator who looks at it.
        """
        if number is None:
            return skill.current
        found = skill.versions.known_as(number).first()
        if not found:
            raise Http404(f"{skill.name} has no version {number[:80]!r}.")
        self.shows(found)
        if to_install or self.audience != Audience.CURATORS:
            found.require_offered()
        return found


def category_at(path: str) -> Category:
    """The category of an address; 404 when there is none."""
    try:
        return Category.objects.resolve(path)
    except Category.DoesNotExist:
        raise Http404(f"There is no category {path[:80]!r}.") from None


def requested_user(request: Request, ref: str) -> User:
    """The user that the address names; 404 when there is none.

    The answer is tagged with the user and with the user's usage.
    """
    key = requested_user_key(request, ref)
    add_cache_tags(request, f"/user/{key}/*", f"/usage/{key}/*")
    if key == request.user.pk:
        return request.user
    user = User.objects.filter(pk=key).first()
    if user is None:
        raise Http404("There is no such user.")
    return user


class OneForm(BaseContentNegotiation):
    """The answer has one form, whatever the client says that it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type
