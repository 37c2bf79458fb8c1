"""Who calls: the token in `x-auth-token`, the one header Pilot 2 sends with everything."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from fleet.models import AccessToken, User
from fleet.services import tokens

HEADER = "x-auth-token"


class PilotTokenAuthentication(BaseAuthentication):
    """`request.user` is the token's owner and `request.auth` the `AccessToken`, which names the workspace."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        key = request.headers.get(HEADER, "")
        if not key:
            return None
        token = tokens.find(key)
        if token is None:
            raise AuthenticationFailed(_("The token is wrong, over or withdrawn."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Without this DRF would answer 403 to a missing token, and Pilot would not log out."""
        return HEADER


class PilotTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = PilotTokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": HEADER}
