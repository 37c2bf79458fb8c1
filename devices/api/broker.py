"""EMQX asks here who may connect and who may do what (its HTTP authentication and authorization, EMQX 5).

POST `broker/emqx/auth` with {"username", "password", "clientid"} and `broker/emqx/acl` with {"username",
"action", "topic"}; the answer is {"result": "allow"|"deny"}. Each request carries `Authorization: Bearer` and
the word of FLEET_BROKER_HOOK_SECRET. How EMQX is told to ask: docs/brokers.md.

An accepted gateway is handed back a `stamp` as a client attribute; where EMQX (5.7 and newer) sends it along
with `acl` requests, a session of a rotated password may do nothing more.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from devices.services.broker import accounts, decide

Question = dict[str, Any]
_DENY = {"result": "deny"}
#: A question names a user and a topic; anything longer is none.
_LIMIT = 100_000


def _hook(view: Callable[[Question], dict[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """A question from the broker and from nobody else; one that cannot be read is denied."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if settings.BROKER != "emqx" or not settings.BROKER_HOOK_SECRET:
            raise Http404
        expected = f"Bearer {settings.BROKER_HOOK_SECRET}".encode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
            return HttpResponse(status=403)
        if int(request.headers.get("Content-Length") or 0) > _LIMIT:
            return JsonResponse(_DENY)
        try:
            question = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return JsonResponse(_DENY)
        return JsonResponse(view(question) if isinstance(question, dict) else _DENY)

    return answer


def _text(question: Question, name: str) -> str:
    value = question.get(name)
    return value if isinstance(value, str) else ""


@_hook
def auth(question: Question) -> dict[str, Any]:
    """May this one connect?"""
    username = _text(question, "username")
    if not decide.authenticate(username, _text(question, "password"), _text(question, "clientid")):
        return _DENY
    # Never a superuser: the bridge has its rules too.
    answer: dict[str, Any] = {"result": "allow", "is_superuser": False}
    if not accounts.is_bridge(username):
        answer["client_attrs"] = {"stamp": decide.stamp_of(username)}
    return answer


@_hook
def acl(question: Question) -> dict[str, Any]:
    """May this account publish to this topic, or subscribe to this filter?"""
    allowed = decide.may(
        _text(question, "username"),
        _text(question, "action").lower(),
        _text(question, "topic"),
        _text(question, "stamp"),
    )
    return {"result": "allow"} if allowed else _DENY


urlpatterns = [
    path("broker/emqx/auth", auth, name="broker-emqx-auth"),
    path("broker/emqx/acl", acl, name="broker-emqx-acl"),
]
