from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema_field
from knox.models import AuthToken
from rest_framework import serializers

from jobs.serializers.fields import FlagField, WholeNumberField
from taxonomy.serializers.strict import StrictSerializer, TextField


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
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        return sorted(group.name for group in user.groups.all())


class UserChangeSerializer(StrictSerializer):
    """What one may change of oneself, and operators of others."""

    first_name = TextField(required=False, allow_blank=True, max_length=150)
    last_name = TextField(required=False, allow_blank=True, max_length=150)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    is_active = FlagField(required=False)

    def validate_is_active(self, active: bool) -> bool:
        if active != cast(User, self.instance).is_active and self.context["own"]:
            raise serializers.ValidationError(
                "You cannot change this for yourself; ask an operator."
            )
        return active

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        for field, value in validated_data.items():
            setattr(instance, field, value)
        instance.save(update_fields=list(validated_data))
        return instance


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
    expires_in_days = WholeNumberField(
        required=False, min_value=1, max_value=settings.SKILLFLEET_MAX_TOKEN_DAYS
    )
