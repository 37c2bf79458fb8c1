"""Answers for a broker that asks: may this one connect, may this account do that.

Plain functions of the database, called by the EMQX hooks (`devices.api.broker`) and by the plug-in of the
embedded broker. Whatever is not known is refused.
"""

from __future__ import annotations

import logging
import time

from django.conf import settings

from devices.models import GatewayCredential
from devices.services import secrets
from devices.services.broker import accounts, rules
from devices.services.broker.accounts import Account

logger = logging.getLogger(__name__)

#: For how long, in seconds, what was allowed stays allowed without asking the database again.
LIFETIME = 1.0
_kept: dict[str, tuple[float, Account]] = {}


def authenticate(username: str, password: str, client_id: str = "") -> bool:
    """Whether this user and password are a gateway's present ones, or the bridge's.

    A client id throws out whoever is connected with the same one, so nobody may come with an id that is
    another gateway's serial or looks like the bridge's (`fleet-…`).
    """
    if accounts.is_bridge(username):
        return accounts.same_secret(password, accounts.of_url(settings.MQTT_URL)[1])
    credential = GatewayCredential.objects.filter(username=username, withdrawn_at=None).first()
    if credential is None:
        # Late: the doctor reads what this module decides.
        from devices.services.doctor import knocking

        knocking.note_refused_login(client_id or username)
        return False
    try:
        known = secrets.decrypt(credential.secret)
    except secrets.SecretUnreadable as error:
        logger.error("gateway %s cannot connect: %s", username, error)
        return False
    if not accounts.same_secret(password, known) or client_id.startswith("fleet-"):
        return False
    return client_id in ("", username) or not GatewayCredential.objects.filter(username=client_id).exists()


def may(username: str, action: rules.Action | str, topic: str, stamp: str = "") -> bool:
    """Whether this account may `publish` to, `subscribe` or `receive` this topic (filter) now.

    With `stamp`, what `stamp_of` said when the session began, a session of an older password is refused
    everything. An allowed answer may be a second old; a refusal never is, so what a new topology opens is
    open at once.
    """
    if accounts.is_bridge(username):
        return rules.bridge().allow(action, topic)
    kept = _kept.get(username)
    if kept is not None and time.monotonic() - kept[0] < LIFETIME and _allowed(kept[1], action, topic, stamp):
        return True
    account = _load(username)
    return account is not None and _allowed(account, action, topic, stamp)


def stamp_of(username: str) -> str:
    """Names the account's present password, another one after each rotation; empty where there is none."""
    account = _load(username)
    return account.stamp if account is not None and account.active else ""


def forget() -> None:
    """Ask the database again for everybody."""
    _kept.clear()


def _load(username: str) -> Account | None:
    account = accounts.of_username(username) if username else None
    if account is None:
        _kept.pop(username, None)
    else:
        _kept[username] = (time.monotonic(), account)
    return account


def _allowed(account: Account, action: rules.Action | str, topic: str, stamp: str) -> bool:
    return (
        account.active
        and stamp in ("", account.stamp)
        and account.rules.allow(action, topic, checks_deliveries=settings.BROKER == "embedded")
    )
