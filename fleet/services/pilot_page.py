"""What the page in Pilot 2 starts with in a workspace, and tokens that change under a remote at work."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from fleet.models import AccessToken, PilotSettings, ThirdPartyApp, Workspace
from fleet.services import tokens

#: How long a renewed token lives on. Until the page has handed the new one to Pilot's modules they go on with the old
#: one, and a 401 in that moment would make Pilot leave the cloud. Long enough for a remote that did not hear the
#: answer: its page asks again when it has a network, or is opened again.
GRACE = timedelta(minutes=15)


def settings_of(workspace: Workspace) -> PilotSettings:
    """The workspace's settings; where nobody has set any, the defaults."""
    return PilotSettings.objects.filter(workspace=workspace).first() or PilotSettings(workspace=workspace)


def live_address(settings: PilotSettings, sn: str) -> str:
    """Where the remote `sn` sends its live video; empty where the workspace has no such address."""
    return settings.live_url.replace("{sn}", sn)


def apps_of(workspace: Workspace) -> list[ThirdPartyApp]:
    return list(ThirdPartyApp.objects.filter(workspace=workspace).select_related("icon").defer("icon__image"))


def renew(token: AccessToken) -> tuple[AccessToken, str]:
    """A fresh token beside a valid one, which ends within `GRACE`; returns it and its key."""
    with transaction.atomic():
        AccessToken.objects.filter(pk=token.pk, expires_at__gt=timezone.now() + GRACE).update(
            expires_at=timezone.now() + GRACE
        )
        return tokens.issue(token.user, token.workspace, token.name)
