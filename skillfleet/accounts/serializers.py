from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema_field
from knox.models import AuthToken
from rest_framework import serializers


class UserSerializer(serializers.ModelSerializer[User]):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "roles",
            "is_active",
            "date_joined",
        )
        read_only_fields = ("username", "date_joined")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        return sorted(group.name for group in user.groups.all())

    def validate_is_active(self, active: bool) -> bool:
        """Operators switch others off and on; nobody does so to themselves."""
        before = cast(User, self.instance).is_active
        if active != before and self.context["own"]:
            raise serializers.ValidationError(
                "You cannot change this for yourself; ask an operator."
            )
        return active


class LoginSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(
        max_length=1000, trim_whitespace=False, style={"input_type": "password"}
    )


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


class TokenRequestSerializer(serializers.Serializer[Any]):
    expires_in_days = serializers.IntegerField(
        required=False, min_value=1, max_value=settings.SKILLFLEET_MAX_TOKEN_DAYS
    )
