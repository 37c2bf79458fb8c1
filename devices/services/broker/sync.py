"""Keeps the broker's accounts as the database has them.

`request` is called by whoever changed an account or a topology; it leaves the work to queue `mqtt`, where
`sync` sets one account right and `reconcile`, once a minute, all of them: after a lost message, a broker that
was away, or one that lost its file. Both only touch what differs, so a gateway that is right is never
disturbed.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from devices.models import GatewayCredential
from devices.services import secrets
from devices.services.broker import accounts, decide, dynsec, rules
from devices.services.broker.accounts import Account
from devices.services.broker.dynsec import BrokerUnavailable, DynamicSecurity, Json
from fleet.celery import app

logger = logging.getLogger(__name__)

#: How often an account is looked at again when it changes while the broker is being told.
_ATTEMPTS = 5
#: For the connection to the broker and for each of its answers, in seconds.
TIMEOUT = 10.0
_TASK = "devices.tasks.broker_sync"
_reconciling = threading.Lock()


@dataclass(slots=True)
class Outcome:
    """What `reconcile` did: gateways looked at, set right, removed from the broker, not to be set right."""

    checked: int = 0
    changed: int = 0
    removed: int = 0
    failed: int = 0
    error: str = ""


def request(*device_ids: int | None) -> None:
    """Tell the broker of these gateways once the transaction is committed. None is passed over."""
    wanted = sorted({device_id for device_id in device_ids if device_id is not None})
    if not wanted:
        return
    if settings.BROKER == "mosquitto":
        transaction.on_commit(lambda: _queue(wanted), robust=True)
    else:
        transaction.on_commit(lambda: _asks_us(Q(device_id__in=wanted)), robust=True)


def _queue(device_ids: list[int]) -> None:
    for device_id in device_ids:
        try:
            app.send_task(_TASK, args=[device_id], retry=False, ignore_result=True, expires=120)
        except Exception as error:
            # Redis is away: the account stays marked as unknown to the broker, `reconcile` mends it.
            logger.warning("gateway %s waits for the next reconciliation: %s", device_id, error)
            return


def sync(device_id: int) -> bool:
    """Set one gateway's account right at the broker. False when it could not; the credential then says why.

    A device that is gone has taken its name along, so then everything is compared.
    """
    if settings.BROKER != "mosquitto":
        _asks_us(Q(device_id=device_id))
        return True
    account = accounts.of_device(device_id)
    if account is None:
        return not reconcile().error
    try:
        with _control() as broker:
            return not _settle(broker, account)
    except BrokerUnavailable as error:
        _cannot(Q(device_id=device_id), str(error))
        return False


def reconcile() -> Outcome:
    """Compare all accounts with the broker's and set right what differs. One at a time in a process."""
    outcome = Outcome()
    if settings.BROKER != "mosquitto":
        _asks_us(Q())
        return outcome
    if not _reconciling.acquire(blocking=False):
        outcome.error = "already running"
        return outcome
    try:
        with _control() as broker:
            _reconcile(broker, outcome)
    except BrokerUnavailable as error:
        outcome.error = str(error)
        _cannot(Q(), outcome.error)
    finally:
        _reconciling.release()
    if outcome.changed or outcome.removed or outcome.failed or outcome.error:
        logger.info("broker accounts: %s", outcome)
    return outcome


def _reconcile(broker: DynamicSecurity, outcome: Outcome) -> None:
    (default,) = broker.run([{"command": "getDefaultACLAccess"}])
    broker.run(dynsec.defaults(default.data))
    clients = {str(client.get("username")): client for client in broker.everything("listClients", "clients")}
    roles = {str(role.get("rolename")): role for role in broker.everything("listRoles", "roles")}
    _keep_bridge(broker, clients, roles)
    known = accounts.everyone()
    for account in known:
        outcome.checked += 1
        client, role = clients.get(account.username), roles.get(dynsec.role_name(account.username))
        try:
            differs = bool(_commands(account, client, role))
        except secrets.SecretUnreadable as error:
            _told(account, str(error))
            outcome.failed += 1
            continue
        if differs:
            outcome.changed += 1
            outcome.failed += bool(_settle(broker, account))
        elif account.told_at != account.changed_at or account.error:
            _told(account)
    names = {account.username for account in known}
    for name, role in roles.items():
        username = name.removeprefix(dynsec.ROLE_PREFIX)
        if name.startswith(dynsec.ROLE_PREFIX) and username not in names:
            outcome.removed += _remove_stranger(broker, username, clients.get(username), role)


def _settle(broker: DynamicSecurity, account: Account) -> str:
    """Set one account right; what went wrong, or nothing.

    Somebody may change the account meanwhile, and tell the broker before we do. So it is read again
    afterwards, and the broker told again, until what the broker was told is what the database says.
    """
    error = ""
    for _attempt in range(_ATTEMPTS):
        client, role = _look(broker, account.username)
        try:
            failed = [answer for answer in broker.run(_commands(account, client, role)) if answer.error]
        except secrets.SecretUnreadable as unreadable:
            _told(account, error := str(unreadable))
            return error
        error = "; ".join(f"{answer.command}: {answer.error}" for answer in failed)
        fresh = accounts.of_device(account.device_id)
        if fresh is None:
            broker.run(dynsec.remove(account.username, *_look(broker, account.username)))
            return ""
        if account.same_as(fresh) and not error:
            break
        account = fresh
    _told(account, error)
    if error:
        logger.error("the broker does not take the account of gateway %s: %s", account.username, error)
    return error


def _look(broker: DynamicSecurity, username: str) -> tuple[Json | None, Json | None]:
    """The account and the role as the broker has them now."""
    client, role = broker.run(
        [
            {"command": "getClient", "username": username},
            {"command": "getRole", "rolename": dynsec.role_name(username)},
        ]
    )
    return client.data.get("client"), role.data.get("role")


def _commands(account: Account, client: Json | None, role: Json | None) -> list[Json]:
    """What turns the broker's account into ours; empty when it is so. Raises `SecretUnreadable`."""
    if not account.active:
        return dynsec.remove(account.username, client, role)
    name = dynsec.role_name(account.username)
    commands = dynsec.set_role(name, account.rules, role)
    identity = {"username": account.username, "textdescription": account.stamp}
    if client is None:
        password = secrets.decrypt(account.secret)
        return [
            *commands,
            {"command": "createClient", **identity, "password": password, "roles": [{"rolename": name}]},
        ]
    change: Json = {}
    if client.get("textdescription") != account.stamp:
        change |= {**identity, "password": secrets.decrypt(account.secret)}
    if _roles_of(client) != [name] or client.get("groups"):
        change |= {"roles": [{"rolename": name}], "groups": []}
    if change:
        commands.append({"command": "modifyClient", "username": account.username, **change})
    if client.get("disabled"):
        commands.append({"command": "enableClient", "username": account.username})
    return commands


def _remove_stranger(broker: DynamicSecurity, username: str, client: Json | None, role: Json) -> int:
    """End the account of a gateway that is in the database no more; 1 when it was ended."""
    if accounts.of_username(username) is not None:
        return 0
    bears = client is not None and role["rolename"] in _roles_of(client)
    answers = broker.run(dynsec.remove(username, client if bears else None, role))
    return int(not any(answer.error for answer in answers))


def _roles_of(client: Json) -> list[Any]:
    return [one.get("rolename") for one in client.get("roles") or []]


def _keep_bridge(broker: DynamicSecurity, clients: dict[str, Json], roles: dict[str, Json]) -> None:
    """Give the bridge its account where the broker has none of that name; else leave it alone."""
    username, password = accounts.of_url(settings.MQTT_URL)
    if not username or not password or username in clients:
        return
    commands = dynsec.set_role(username, rules.bridge(), roles.get(username))
    commands.append(
        {
            "command": "createClient",
            "username": username,
            "password": password,
            "textdescription": "Fleet: the bridge",
            "roles": [{"rolename": username}],
        }
    )
    for answer in broker.run(commands):
        if answer.error:
            logger.error("the broker refuses the bridge's account: %s: %s", answer.command, answer.error)


def _control() -> DynamicSecurity:
    if not settings.MQTT_CONTROL_URL:
        raise BrokerUnavailable("FLEET_MQTT_CONTROL_URL is empty: nobody may keep the broker's accounts.")
    return DynamicSecurity(settings.MQTT_CONTROL_URL, TIMEOUT)


def _told(account: Account, error: str = "") -> None:
    """Write down what the broker knows; not when the account has changed again since."""
    row = GatewayCredential.objects.filter(device_id=account.device_id, changed_at=account.changed_at)
    if error:
        row.update(broker_error=error[:300])
    else:
        row.update(broker_stamp=account.changed_at, broker_error="")


def _cannot(which: Q, error: str) -> None:
    """The broker is out of reach: say so at each account that it does not know yet."""
    logger.error("the broker's accounts cannot be kept: %s", error)
    unknown = Q(broker_stamp=None) | ~Q(broker_stamp=F("changed_at"))
    GatewayCredential.objects.filter(which & unknown).update(broker_error=error[:300])


def _asks_us(which: Q) -> None:
    """A broker that asks us (EMQX, amqtt) knows what the database knows; `none` is kept by hand."""
    decide.forget()
    if settings.BROKER in ("emqx", "embedded"):
        changed = Q(broker_stamp=None) | ~Q(broker_stamp=F("changed_at")) | ~Q(broker_error="")
        rows = GatewayCredential.objects.filter(which & changed)
        rows.update(broker_stamp=F("changed_at"), broker_error="")
