"""The shape of every HTTP answer: `{"code": 0, "message": "success", "data": …}`.

Which status an answer has decides what Pilot does with it:

* 200 with `code` 0: done. 200 with another code: the request was understood and refused; `message` says why.
* 400 bad input, 403 forbidden, 404 unknown, 429 too often, 5xx our fault: Pilot shows `message` and goes on.
* 401, with an empty body: the token is missing, wrong or over. Pilot leaves the cloud, so nothing else is
  ever a 401.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

logger = logging.getLogger(__name__)

SUCCESS = 0


class Code(IntEnum):
    """Why a request that was understood is refused, for programs; `message` says it to people."""

    REFUSED = 1000
    WRONG_CREDENTIALS = 1001
    LOCKED_OUT = 1002
    NO_WORKSPACE = 1003
    REMOTE_ELSEWHERE = 1101
    REMOTE_WITHDRAWN = 1102
    NOT_A_REMOTE = 1103


class BusinessError(exceptions.APIException):
    """A refusal of a well-formed request: HTTP 200, a code that is not 0, and a plain sentence."""

    status_code = status.HTTP_200_OK
    default_detail = gettext_lazy("The server refused this.")
    default_code = "refused"

    def __init__(self, code: Code, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.business_code = int(code)
        self.data = dict(data or {})


class EnvelopeRenderer(JSONRenderer):
    """Wraps what a view returned; what the exception handler made is wrapped already. A 401 has no body."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code == status.HTTP_401_UNAUTHORIZED:
            return b""
        if not isinstance(data, Refusal):
            data = {"code": SUCCESS, "message": "success", "data": {} if data is None else data}
        return bytes(super().render(data, accepted_media_type, renderer_context))


class Refusal(dict[str, Any]):
    """An envelope that is complete: the renderer leaves it as it is."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(code=code, message=message, data=dict(data or {}))


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Turn every exception of a view into an answer that says what happened, never how we are built."""
    if isinstance(exc, BusinessError):
        return Response(Refusal(exc.business_code, force_str(exc.detail), exc.data))
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, DjangoPermissionDenied):
        exc = exceptions.PermissionDenied(force_str(exc) or None)
    elif isinstance(exc, RequestDataTooBig):
        exc = exceptions.ParseError(_("The request is too large."))
    elif isinstance(exc, RecursionError):
        exc = exceptions.ParseError()  # nested more deeply than anything of ours
    if isinstance(exc, exceptions.APIException):
        return _expected(exc)
    return _unexpected(exc, context)


def _expected(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if exc.status_code == status.HTTP_401_UNAUTHORIZED:
        if challenge := getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        return Response(None, status=status.HTTP_401_UNAUTHORIZED, headers=headers)
    data: dict[str, Any] = {}
    if isinstance(exc, exceptions.ValidationError):
        message, data = _sentence(exc.detail), {"fields": exc.detail}
    else:
        message = _sentence(exc.detail)
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return Response(Refusal(exc.status_code, message, data), status=exc.status_code, headers=headers)


def _unexpected(exc: Exception, context: Mapping[str, Any]) -> Response:
    request = context.get("request")
    if isinstance(exc, OperationalError | InterfaceError | RedisConnectionError | RedisTimeoutError):
        logger.error("a store that the server needs does not answer: %s", exc)
        message = _("The server cannot reach its database or its cache at the moment. Try again in a minute.")
        return Response(Refusal(503, message), status=status.HTTP_503_SERVICE_UNAVAILABLE)
    logger.error("%s failed", getattr(request, "path", "a request"), exc_info=exc)
    # Tests and error trackers listen to this signal; answering here would otherwise hide the failure from
    # them.
    got_request_exception.send(sender=type(context.get("view")), request=getattr(request, "_request", request))
    message = _("Something failed inside the server. It is in the server's log; tell whoever runs it.")
    return Response(Refusal(500, message), status=status.HTTP_500_INTERNAL_SERVER_ERROR)


def _sentence(detail: Any, field: str = "") -> str:
    """The first complaint of a (nested) error detail as one sentence that names its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            return _sentence(inner, "" if name == "non_field_errors" else str(name))
    if isinstance(detail, list) and detail:
        return _sentence(detail[0], field)
    text = force_str(detail)
    return f"{field}: {text}" if field else text


def unknown_path(request: HttpRequest) -> JsonResponse:
    """What an address that no door answers to says. For the last entry of the URL configuration."""
    return JsonResponse(Refusal(404, _("The server does not know this address.")), status=404)
