from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from knox.models import AuthToken
from rest_framework import serializers

from core.serializers import FlagField, NumberField, StrictSerializer, TextField
from taxonomy.api.profiles import ProfileChangeSerializer, ProfileSerializer
from taxonomy.exceptions import TaxonomyError
from taxonomy.models import Profile


class UserSerializer(serializers.ModelSerializer[User]):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: tuple[str, ...] = (
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "roles",
            "is_active",
            "date_joined",
        )
        read_only_fields: tuple[str, ...] = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        return sorted(group.name for group in user.groups.all())


class UserDetailSerializer(UserSerializer):
    """With what they told of how they want the taxonomy."""

    profile = serializers.SerializerMethodField()

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "profile")
        read_only_fields = fields

    @extend_schema_field(ProfileSerializer)
    def get_profile(self, user: User) -> Any:
        return ProfileSerializer(Profile.objects.of(user.pk).as_of_today()).data


class UserChangeSerializer(StrictSerializer):
    """What one may change of oneself, and operators of others."""

    first_name = TextField(required=False, allow_blank=True, max_length=150)
    last_name = TextField(required=False, allow_blank=True, max_length=150)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    is_active = FlagField(required=False)
    profile = ProfileChangeSerializer(required=False)

    def validate_is_active(self, active: bool) -> bool:
        if active != cast(User, self.instance).is_active and self.context["own"]:
            raise serializers.ValidationError(
                "You cannot change this for yourself; ask an operator."
            )
        return active

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        fields = dict(validated_data)
        profile = fields.pop("profile", None)
        with transaction.atomic():
            if profile:
                with refusals_below("profile"):
                    Profile.objects.revise(instance, **profile)
            for field, value in fields.items():
                setattr(instance, field, value)
            instance.save(update_fields=list(fields))
        return instance


@contextmanager
def refusals_below(place: str) -> Iterator[None]:
    """Findings about a nested object name their field in it."""
    try:
        yield
    except TaxonomyError as refusal:
        found = {f"{place}.{name}": each for name, each in refusal.fields.items()}
        raise type(refusal)(**found) from None


class LoginSerializer(StrictSerializer):
    username = TextField(max_length=150)
    password = TextField(max_length=1000, style={"input_type": "password"})


class LoggedInSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Shown this once.")
    expiry = serializers.DateTimeField()
    user = UserSerializer()


class TokenSerializer(serializers.ModelSerializer[AuthToken]):
    id = serializers.CharField(source="token_key", help_text="How the token begins.")

    class Meta:
        model = AuthToken
        fields: tuple[str, ...] = ("id", "created", "expiry")


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")


class TokenRequestSerializer(StrictSerializer):
    expires_in_days = NumberField(
        required=False, min_value=1, max_value=settings.SKILLFLEET_MAX_TOKEN_DAYS
    )
