"""Base classes and look-ups of the taxonomy's API views."""

from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from cachelayer import add_cache_tags
from core.users import requested_user_key
from taxonomy.models import Category, Skill, SkillVersion
from taxonomy.models.skill import SkillQuerySet
from taxonomy.permissions import Audience, audience


class SkillAPIView(APIView):
    """A view of skills, or of one: `ref` in its path is a name, former name or UUID."""

    audience: Audience

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Set the audience before the cache is read, because it is part of the keys."""
        super().initial(request, *args, **kwargs)
        self.audience = audience(request)

    @property
    def curator(self) -> User:
        """The user of a request that writes; it is never an anonymous user."""
        return cast(User, self.request.user)

    @property
    def with_request(self) -> dict[str, Any]:
        """The context of serializers that depend on who reads."""
        return {"request": self.request}

    def readable(self) -> SkillQuerySet:
        return Skill.objects.visible_as(self.audience)

    def skill(self, rows: SkillQuerySet | None = None) -> Skill:
        """The skill of the path; 404 if it does not exist or is not visible."""
        ref = str(self.kwargs["ref"])
        visible = self.readable().for_reading() if rows is None else rows
        try:
            skill = visible.resolve(ref)
        except Skill.DoesNotExist:
            raise Http404(f"There is no skill {ref[:80]!r}.") from None
        add_cache_tags(self.request, f"/skills/{skill.name}/*")
        if skill.replacement:
            add_cache_tags(self.request, f"/skills/{skill.replacement.name}/*")
        self.tag_authors(skill.current)
        return skill

    def tag_authors(self, *versions: SkillVersion) -> None:
        """Tag the cached answer, which contains the names of the versions' authors."""
        authors = {version.author_id for version in versions if version.author_id}
        add_cache_tags(self.request, *(f"/authors/{pk}/*" for pk in sorted(authors)))

    def version(
        self, skill: Skill, number: str | None, *, to_install: bool = False
    ) -> SkillVersion:
        """The version with this number or digest; without one the current version.

        Raises Http404, or VersionYanked (410) unless a curator reads the version.
        """
        if number is None:
            return skill.current
        version = skill.versions.by_ref(number).first()
        if not version:
            raise Http404(f"{skill.name} has no version {number[:80]!r}.")
        self.tag_authors(version)
        if to_install or self.audience != Audience.CURATORS:
            version.require_not_yanked()
        return version


class PersonalFieldsSerializer(serializers.Serializer[Any]):
    """Omits login names, and texts that may contain them, for the public audience.

    Its context needs the request.
    """

    personal: ClassVar[dict[str, Any]] = {}
    """Field → the value that the public sees instead."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        body = dict(super().to_representation(instance))
        if audience(self.context["request"]) is not Audience.PUBLIC:
            return body
        return body | {
            name: self.personal[name] for name in self.personal.keys() & body
        }


def category_at(path: str) -> Category:
    """The category at the path; 404 if there is none."""
    try:
        return Category.objects.resolve(path)
    except Category.DoesNotExist:
        raise Http404(f"There is no category {path[:80]!r}.") from None


def requested_user(request: Request, ref: str) -> User:
    """The user of the path; 404 if there is none.

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


class FixedNegotiation(BaseContentNegotiation):
    """Always answers in the view's own format, whatever the client accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type
