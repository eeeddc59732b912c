"""Logging in and out, API tokens, and who one is."""

from typing import ClassVar, cast

from django.contrib.auth import authenticate, logout, user_logged_in
from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from knox.models import AuthToken
from rest_framework import generics
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import add_cache_tags, cache_user_data
from core.pagination import PAGE_PARAMS
from core.users import check_may_change, requested_user_key
from skillfleet.accounts import serializers
from skillfleet.accounts.tokens import live_tokens, make_login_token, make_token
from skillfleet.api.permissions import Grants
from skillfleet.api.throttles import LoginNameThrottle, LoginThrottle


class Login(APIView):
    """A name and a password for a token of some hours."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, LoginNameThrottle)

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # so that a wrong password is a 401

    @extend_schema(
        operation_id="login",
        request=serializers.LoginSerializer,
        responses=serializers.LoggedInSerializer,
    )
    def post(self, request: Request) -> Response:
        asked = serializers.LoginSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = authenticate(request, **asked.validated_data)
        if not isinstance(user, User):
            raise AuthenticationFailed("No active user has this name and password.")
        made = make_login_token(user)
        user_logged_in.send(sender=User, request=request, user=user)
        answer = {"token": made.secret, "expiry": made.row.expiry, "user": user}
        return Response(serializers.LoggedInSerializer(answer).data)


class Logout(APIView):
    """Revokes the token that the request came with, or ends the session."""

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
    """One's own tokens."""

    required_permissions: ClassVar[Grants] = {"GET": None, "POST": None}
    query_params = PAGE_PARAMS
    queryset = AuthToken.objects.none()
    serializer_class = serializers.TokenSerializer

    def get_queryset(self) -> QuerySet[AuthToken]:
        return live_tokens(person(self.request))

    @extend_schema(
        operation_id="create_token",
        request=serializers.TokenRequestSerializer,
        responses={201: serializers.NewTokenSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = serializers.TokenRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = make_token(person(request), asked.validated_data.get("expires_in_days"))
        made.row.token = made.secret
        return Response(serializers.NewTokenSerializer(made.row).data, status=201)


class TokenDetail(generics.GenericAPIView[AuthToken]):
    """One of one's own tokens, by how it begins."""

    required_permissions: ClassVar[Grants] = {"DELETE": None}
    queryset = AuthToken.objects.none()
    lookup_field = "token_key"

    def get_queryset(self) -> QuerySet[AuthToken]:
        return live_tokens(person(self.request))

    @extend_schema(operation_id="revoke_token", responses={204: None})
    def delete(self, request: Request, token_key: str) -> Response:
        self.get_object().delete()
        return Response(status=204)


class UserDetail(generics.GenericAPIView[User]):
    """A person: oneself (`me` or one's id); anyone, for operators."""

    required_permissions: ClassVar[Grants] = {"GET": None, "PATCH": None}
    queryset = User.objects.prefetch_related("groups")
    serializer_class = serializers.UserDetailSerializer

    def get_object(self) -> User:
        """Raises Http404 for what is not there and what one may not see alike."""
        key = requested_user_key(self.request, self.kwargs["id"])
        return generics.get_object_or_404(self.get_queryset(), pk=key)

    @extend_schema(operation_id="user")
    @cache_user_data
    def get(self, request: Request, id: str) -> Response:
        user = self.get_object()
        # The profile shows paths of categories, which retire all skills.
        add_cache_tags(request, f"/user/{user.pk}/*", "/skills/*")
        return Response(self.get_serializer(user).data)

    @extend_schema(
        operation_id="change_user",
        request=serializers.UserChangeSerializer,
        responses=serializers.UserDetailSerializer,
    )
    def patch(self, request: Request, id: str) -> Response:
        user = self.get_object()
        own = user == request.user
        check_may_change(request, user)
        asked = serializers.UserChangeSerializer(
            user, data=request.data, context={"own": own}
        )
        asked.is_valid(raise_exception=True)
        return Response(self.get_serializer(asked.save()).data)


def person(request: Request) -> User:
    """Whoever is logged in; the views that ask let nobody else in."""
    return cast(User, request.user)
