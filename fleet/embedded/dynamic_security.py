"""The first accounts in Mosquitto's dynamic security file: the administrator's and the bridge's.

The plug-in rewrites the file whenever an account changes. Gateways are added over its control topic while the
broker runs; here only what the server itself needs is put in, so that the broker can start.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

Json = dict[str, Any]

ITERATIONS = 1000  # the passwords are 256 random bits; the broker computes this on its only thread at each connect
CONTROL_TOPIC = "$CONTROL/dynamic-security"

#: What a bridge reads, and what it sends.
BRIDGE_READS = (
    "thing/product/+/osd",
    "thing/product/+/state",
    "thing/product/+/services_reply",
    "thing/product/+/events",
    "thing/product/+/requests",
    "thing/product/+/property/set_reply",
    "thing/product/+/drc/up",
    "sys/product/+/status",
)
BRIDGE_SENDS = (
    "thing/product/+/services",
    "thing/product/+/property/set",
    "thing/product/+/drc/down",
    "thing/product/+/state_reply",
    "thing/product/+/events_reply",
    "thing/product/+/requests_reply",
    "sys/product/+/status_reply",
)
#: Health and queue counters; every account of the server may read them.
SYSTEM_TOPICS = "$SYS/#"


def rule(kind: str, topic: str) -> Json:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def reading(topic: str) -> list[Json]:
    return [rule("subscribePattern", topic), rule("publishClientReceive", topic)]


def control_role(name: str) -> Json:
    """May administer accounts and look at the counters, and nothing else."""
    rules = [
        rule("publishClientSend", f"{CONTROL_TOPIC}/v1"),
        *reading(f"{CONTROL_TOPIC}/#"),
        *reading(SYSTEM_TOPICS),
    ]
    return {"rolename": name, "acls": rules}


def bridge_role(name: str) -> Json:
    """May read what devices send and send what devices are told; also through shared subscriptions."""
    rules = [one for topic in BRIDGE_READS for one in reading(topic)]
    rules += [rule("subscribePattern", f"$share/+/{topic}") for topic in BRIDGE_READS]
    rules += [rule("publishClientSend", topic) for topic in BRIDGE_SENDS]
    return {"rolename": name, "acls": rules + reading(SYSTEM_TOPICS)}


def hashed(password: str, salt: bytes, iterations: int) -> str:
    """PBKDF2 over SHA-512 in base64, as the plug-in stores it."""
    return base64.b64encode(hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, 64)).decode()


def is_password(client: Json, password: str) -> bool:
    """Whether this account of the file has this password."""
    try:
        return bool(client["password"] == hashed(password, base64.b64decode(client["salt"]), client["iterations"]))
    except (KeyError, TypeError, ValueError):
        return False


def account(username: str, password: str, role: str, label: str) -> Json:
    salt = secrets.token_bytes(12)  # Mosquitto 2.0 takes no other length
    return {
        "username": username,
        "textname": label,
        "password": hashed(password, salt, ITERATIONS),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
        "roles": [{"rolename": role}],
    }


def essence(content: Json | None) -> Json:
    """What a file says, without the order and the layout that the plug-in gives it when it rewrites it."""
    content = content or {}
    return {
        "default": content.get("defaultACLAccess"),
        "clients": {
            client["username"]: (
                client.get("password"),
                client.get("salt"),
                client.get("iterations"),
                client.get("disabled", False),
                frozenset(role["rolename"] for role in client.get("roles", ())),
            )
            for client in content.get("clients", ())
        },
        "roles": {
            role["rolename"]: frozenset(
                (acl["acltype"], acl["topic"], acl.get("allow")) for acl in role.get("acls", ())
            )
            for role in content.get("roles", ())
        },
    }


def with_server_accounts(known: Json | None, *, control: tuple[str, str], bridge: tuple[str, str]) -> Json:
    """The file's content with the server's two accounts as they must be, everything else as `known` has it.

    `control` and `bridge` are (user, password). An account whose password is already right is left untouched.
    """
    content: Json = {"clients": [], "groups": [], "roles": [], **(known or {})}
    content["defaultACLAccess"] = {
        "publishClientSend": False,
        "publishClientReceive": False,
        "subscribe": False,
        "unsubscribe": True,
    }
    for (username, password), role, label in (
        (control, control_role(control[0]), "Fleet: keeps the accounts"),
        (bridge, bridge_role(bridge[0]), "Fleet: the bridge"),
    ):
        content["roles"] = [
            role,
            *(other for other in content["roles"] if other["rolename"] != role["rolename"]),
        ]
        mine = [client for client in content["clients"] if client["username"] == username]
        others = [client for client in content["clients"] if client["username"] != username]
        if not (mine and is_password(mine[0], password) and not mine[0].get("disabled")):
            mine = [account(username, password, role["rolename"], label)]
        content["clients"] = [{**mine[0], "roles": [{"rolename": role["rolename"]}]}, *others]
    return content
