"""The API of accounts: log in and out, API tokens, users."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth import authenticate, logout, user_logged_in
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from knox.models import AuthToken
from rest_framework import generics, serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import add_cache_tags, cache_user_data
from core.pagination import PAGE_PARAMS
from core.serializers import (
    FlagField,
    NumberField,
    StrictSerializer,
    TextField,
    validated,
)
from core.users import check_may_change, requested_user_key
from skillfleet.accounts.tokens import live_tokens, make_login_token, make_token
from skillfleet.api.permissions import Grants
from skillfleet.api.throttles import LoginNameThrottle, LoginThrottle
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
    """A user with their profile."""

    profile = serializers.SerializerMethodField()

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "profile")
        read_only_fields = fields

    @extend_schema_field(ProfileSerializer)
    def get_profile(self, user: User) -> Any:
        return ProfileSerializer(Profile.objects.of(user.pk).with_current_paths()).data


class UserChangeSerializer(StrictSerializer):
    """The fields that users may change of themselves, and operators of others."""

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
                with prefixed_errors("profile"):
                    Profile.objects.revise(instance, **profile)
            for field, value in fields.items():
                setattr(instance, field, value)
            instance.save(update_fields=list(fields))
        return instance


@contextmanager
def prefixed_errors(place: str) -> Iterator[None]:
    """Prefix the fields of a TaxonomyError with the name of the nested object."""
    try:
        yield
    except TaxonomyError as error:
        fields = {f"{place}.{name}": each for name, each in error.fields.items()}
        raise type(error)(**fields) from None


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


class Login(APIView):
    """Exchanges a user name and a password for a token of some hours."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, LoginNameThrottle)

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # so that a wrong password is a 401

    @extend_schema(
        operation_id="login",
        request=LoginSerializer,
        responses=LoggedInSerializer,
    )
    def post(self, request: Request) -> Response:
        credentials = validated(LoginSerializer, request.data)
        user = authenticate(request, **credentials.validated_data)
        if not isinstance(user, User):
            raise AuthenticationFailed("No active user has this name and password.")
        token = make_login_token(user)
        user_logged_in.send(sender=User, request=request, user=user)
        body = {"token": token.secret, "expiry": token.row.expiry, "user": user}
        return Response(LoggedInSerializer(body).data)


class Logout(APIView):
    """Revokes the token of the request, or ends its session."""

    required_permissions: ClassVar[Grants] = {"POST": None}

    @extend_schema(operation_id="logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
        else:
            logout(request)
        return Response(status=204)


@extend_schema_view(get=extend_schema(operation_id="tokens_list"))
class TokenCollection(generics.ListAPIView[AuthToken]):
    """The user's own tokens."""

    required_permissions: ClassVar[Grants] = {"GET": None, "POST": None}
    query_params = PAGE_PARAMS
    queryset = AuthToken.objects.none()
    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[AuthToken]:
        return live_tokens(current_user(self.request))

    @extend_schema(
        operation_id="create_token",
        request=TokenRequestSerializer,
        responses={201: NewTokenSerializer},
    )
    def post(self, request: Request) -> Response:
        serializer = validated(TokenRequestSerializer, request.data)
        days = serializer.validated_data.get("expires_in_days")
        token = make_token(current_user(request), days)
        token.row.token = token.secret
        return Response(NewTokenSerializer(token.row).data, status=201)


class TokenDetail(generics.GenericAPIView[AuthToken]):
    """One of the user's own tokens, named by its first characters."""

    required_permissions: ClassVar[Grants] = {"DELETE": None}
    queryset = AuthToken.objects.none()
    lookup_field = "token_key"

    def get_queryset(self) -> QuerySet[AuthToken]:
        return live_tokens(current_user(self.request))

    @extend_schema(operation_id="revoke_token", responses={204: None})
    def delete(self, request: Request, token_key: str) -> Response:
        self.get_object().delete()
        return Response(status=204)


class UserDetail(generics.GenericAPIView[User]):
    """A user: `me` or one's own id; operators may name anyone."""

    required_permissions: ClassVar[Grants] = {"GET": None, "PATCH": None}
    queryset = User.objects.prefetch_related("groups")
    serializer_class = UserDetailSerializer

    def get_object(self) -> User:
        """Raises Http404 both for a missing user and for one that may not be seen."""
        key = requested_user_key(self.request, self.kwargs["id"])
        return generics.get_object_or_404(self.get_queryset(), pk=key)

    @extend_schema(operation_id="user")
    @cache_user_data
    def get(self, request: Request, id: str) -> Response:
        user = self.get_object()
        # The profile shows category paths; a change of those invalidates all skills.
        add_cache_tags(request, f"/user/{user.pk}/*", "/skills/*")
        return Response(self.get_serializer(user).data)

    @extend_schema(
        operation_id="change_user",
        request=UserChangeSerializer,
        responses=UserDetailSerializer,
    )
    def patch(self, request: Request, id: str) -> Response:
        user = self.get_object()
        own = user == request.user
        check_may_change(request, user)
        change = UserChangeSerializer(user, data=request.data, context={"own": own})
        change.is_valid(raise_exception=True)
        return Response(self.get_serializer(change.save()).data)


def current_user(request: Request) -> User:
    """The user of the request; the views that call it require a login."""
    return cast(User, request.user)


urlpatterns = [
    path("auth/login", Login.as_view()),
    path("auth/logout", Logout.as_view()),
    path("auth/tokens", TokenCollection.as_view()),
    path("auth/tokens/<str:token_key>", TokenDetail.as_view()),
    path("user/<str:id>", UserDetail.as_view()),
]
