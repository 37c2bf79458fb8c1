"""Tokens for Pilot's page and for scripts: random, kept as a digest, expiring, revocable."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from fleet.models import AccessToken, User, Workspace

_PREFIX = "flt_"
_TOUCH_EVERY = timedelta(minutes=5)
#: Ended tokens stay in the list of tokens so long.
_KEPT = timedelta(days=30)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def issue(
    user: User, workspace: Workspace, name: str = "", lifetime: timedelta | None = None
) -> tuple[AccessToken, str]:
    """A new token and its key. The key is shown here and never again."""
    key = _PREFIX + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        user=user,
        workspace=workspace,
        digest=_digest(key),
        name=name,
        expires_at=timezone.now() + (lifetime or settings.TOKEN_LIFETIME),
    )
    return token, key


def find(key: str) -> AccessToken | None:
    """The token of this key while it is valid and its owner still has a part in its workspace, else None."""
    if not key or len(key) > 200:
        return None
    now = timezone.now()
    token = (
        AccessToken.objects.select_related("user", "workspace")
        .filter(digest=_digest(key), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .filter(Q(user__is_superuser=True) | Q(workspace__memberships__user=F("user")))
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at > _TOUCH_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def prune() -> int:
    """Remove tokens that ended a while ago. Returns how many."""
    limit = timezone.now() - _KEPT
    return AccessToken.objects.filter(Q(expires_at__lt=limit) | Q(revoked_at__lt=limit)).delete()[0]


def refresh(key: str) -> tuple[AccessToken, str] | None:
    """A fresh token for a valid one, which ends. None for an expired or revoked one: log in again.

    Two refreshes of one key race on the row: one of them wins, the other is told to log in again.
    """
    token = find(key)
    if token is None:
        return None
    with transaction.atomic():
        ended = AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        return issue(token.user, token.workspace, token.name) if ended else None


def revoke(token: AccessToken) -> bool:
    """End a token now. False when it had ended before."""
    return bool(AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()))
