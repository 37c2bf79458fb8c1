"""What every dock and remote of a workspace needs: addresses that lead here, a licence, processes, a bucket."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.services.doctor import broker, web
from devices.services.doctor.steps import State, Step, Steps, bad, good, waiting, within
from fleet import heartbeat
from fleet.models import Workspace

#: What the page in Pilot 2 says of itself, so that we know it from anybody else's page.
MARK = 'content="fleet-pilot"'
LIMIT = 15.0
_BROKER_KEY = "doctor:broker"
_BROKER_KEPT = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A few steps that are looked at together; `check` may use the network."""

    key: str
    title: str
    check: Callable[[Workspace], Steps]

    def look(self, workspace: Workspace) -> Steps:
        return within(LIMIT, self.key, self.title, lambda: self.check(workspace))


def parts() -> list[Part]:
    return [
        Part("web", _("Web address"), _web),
        Part("licence", _("DJI licence"), _licence),
        Part("broker", _("MQTT address"), _broker),
        Part("processes", _("The server's own parts"), _processes),
        Part("storage", _("Storage"), _storage),
    ]


def part(key: str) -> Part | None:
    return next((found for found in parts() if found.key == key), None)


# --- The web address ----------------------------------------------------------------------------------------------


def _web(workspace: Workspace) -> Steps:
    url = settings.PUBLIC_URL
    address = _address("address", _("Address for remotes"), url, "FLEET_PUBLIC_URL")
    page = _page(url + reverse("pilot"))
    if page.state is not State.GOOD:
        return [address, page, waiting("websocket", _("WebSocket"), _("Comes after the page."))]
    return [address, page, _websocket(f"{url}/api/v1/ws")]


def _address(key: str, title: str, url: str, setting: str) -> Step:
    if web.is_only_here(urlsplit(url).hostname or ""):
        return bad(
            key,
            title,
            _("%(url)s leads every machine to itself: docks and remotes look for the server on themselves.")
            % {"url": url},
            _("Set %(setting)s to an address of this server in the devices' network, and restart it.")
            % {"setting": setting},
        )
    return good(key, title, url)


def _page(url: str) -> Step:
    title = _("Page for Pilot 2")
    proxy = _("Look at the web server or proxy in front of Fleet, at firewalls, and at FLEET_PUBLIC_URL.")
    try:
        answer = web.fetch(url)
    except web.Unreachable as error:
        detail = _("%(url)s does not answer, asked from this server: %(error)s.") % {"url": url, "error": error}
        if "certificate" in str(error).lower():
            proxy = _(
                "A remote trusts the same authorities as a browser: "
                "use a certificate of one of them, complete with its chain."
            )
        return bad("page", title, detail, proxy)
    if answer.status == 400 and MARK not in answer.body:
        detail = _("The server refuses to be called by this name.")
        return bad("page", title, detail, _("Add the name to FLEET_ALLOWED_HOSTS."))
    if 300 <= answer.status < 400:
        target = answer.headers.get("location", "")
        return bad(
            "page", title, _("%(url)s sends one on to %(target)s.") % {"url": url, "target": target},
            _("Set FLEET_PUBLIC_URL to the address that answers by itself."),
        )  # fmt: skip
    if answer.status != 200 or MARK not in answer.body:
        detail = _("Somebody else answers at %(url)s (status %(status)d).") % {"url": url, "status": answer.status}
        return bad("page", title, detail, proxy)
    return good("page", title, _("%(url)s answers, asked from this server.") % {"url": url})


def _websocket(url: str) -> Step:
    """Without a token the server refuses the handshake with 403; anything else comes from something in between."""
    title = _("WebSocket")
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "Zmxl" + secrets.token_hex(9) + "==",
    }
    try:
        answer = web.fetch(url, handshake)
    except web.Unreachable as error:
        return bad("websocket", title, _("No answer: %(error)s.") % {"error": error})
    if answer.status == 403 and not answer.headers.get("content-type", "").startswith("application/json"):
        return good("websocket", title, _("Handshakes reach the server."))
    return bad(
        "websocket",
        title,
        _("A handshake does not reach the server (status %(status)d).") % {"status": answer.status},
        _("The proxy in front has to pass on “Upgrade” and “Connection” for /api/v1/ws and /ws/."),
    )


# --- The licence --------------------------------------------------------------------------------------------------


def _licence(workspace: Workspace) -> Steps:
    ours = all((settings.DJI_APP_ID, settings.DJI_APP_KEY, settings.DJI_APP_LICENSE))
    own = [bool(value) for value in (workspace.app_id, workspace.app_key, workspace.app_license)]
    get = _("It is free at developer.dji.com: make an app of the kind Cloud API.")
    title = _("Licence for Pilot 2")
    if ours:
        page = good("licence", title, _("It is set. Whether it is right, Pilot 2 says when the page opens."))
    else:
        advice = _("Set FLEET_DJI_APP_ID, FLEET_DJI_APP_KEY and FLEET_DJI_APP_LICENSE, and restart the server.")
        page = bad("licence", title, _("Pilot 2 opens a cloud only for a licensed app."), f"{advice} {get}")
    title = _("Licence for docks")
    if all(own):
        return [page, good("dock-licence", title, _("The workspace has its own."))]
    if any(own):
        detail = _("App id, key and licence of the workspace belong together, and one of them is missing.")
        return [page, bad("dock-licence", title, detail, _("Complete them in the workspace's settings, or empty all."))]
    if ours:
        return [page, good("dock-licence", title, _("Docks are told the server's own."))]
    advice = _("Set one in the workspace's settings, or one for the whole server.") + " " + get
    return [page, bad("dock-licence", title, _("Docks are told no licence and do not join."), advice)]


# --- The broker ---------------------------------------------------------------------------------------------------


def _broker(workspace: Workspace) -> Steps:
    url = settings.MQTT_PUBLIC_URL
    steps = [_address("mqtt-address", _("Address for docks and remotes"), url, "FLEET_MQTT_PUBLIC_URL")]
    title = _("Broker")
    outcome = broker.knock(url, f"doctor-{secrets.token_hex(4)}", secrets.token_hex(8))
    cache.set(_BROKER_KEY, outcome.answer.value, _BROKER_KEPT)
    values = {"url": url, "error": outcome.detail}
    match outcome.answer:
        case broker.Answer.REFUSED:
            steps.append(good("mqtt", title, _("It answers at %(url)s and refuses strangers.") % values))
        case broker.Answer.IN:
            detail = _("It answers at %(url)s and lets in anybody, with any password.") % values
            steps.append(bad("mqtt", title, detail, _("Turn off anonymous access: docs/brokers.md says how.")))
        case broker.Answer.ODD:
            detail = _("Something answers at %(url)s, but not as an MQTT broker: %(error)s.") % values
            steps.append(
                bad("mqtt", title, detail, _("Do port and kind (tcp, ssl, ws, wss) fit the broker's listener?"))
            )
        case broker.Answer.UNREACHABLE:
            detail = _("%(url)s does not answer, asked from this server: %(error)s.") % values
            advice = _("Does the broker run, does it listen on this address, and does a firewall let the port through?")
            steps.append(bad("mqtt", title, detail, advice))
    return steps


def broker_answers(workspace: Workspace) -> bool:
    """Whether it is worth trying a gateway's login; asked of the network at most every 20 seconds."""
    known = cache.get(_BROKER_KEY)
    if known is None:
        _broker(workspace)
        known = cache.get(_BROKER_KEY)
    return known in (broker.Answer.IN, broker.Answer.REFUSED)


# --- Our own processes --------------------------------------------------------------------------------------------


def _processes(workspace: Workspace) -> Steps:
    try:
        workers = list(heartbeat.alive().values())
    except redis.RedisError as error:
        return [bad("redis", _("Redis"), _("It does not answer: %(error)s.") % {"error": error})]
    bridges = [state["bridge"] for state in workers if "bridge" in state]
    others = [state for state in workers if "celery" in state["queues"]]
    title = _("Bridge to the broker")
    if not bridges:
        bridge = bad("bridge", title, _("It gives no sign of life."), "celery -A fleet worker -Q mqtt -P threads")
    elif not any(state["connected"] for state in bridges):
        refusal = next((state["refusal"] for state in bridges if state.get("refusal")), "") or _("no reason given")
        detail = _("It has no connection to the broker: %(why)s.") % {"why": refusal}
        bridge = bad("bridge", title, detail, _("Check MQTT_URL, its user and its password."))
    else:
        bridge = good("bridge", title, _("It listens."))
    title = _("Worker")
    worker = (
        good("worker", title, _("It works."))
        if others
        else bad("worker", title, _("It gives no sign of life."), "celery -A fleet worker -Q celery")
    )
    return [bridge, worker]


# --- The bucket ---------------------------------------------------------------------------------------------------


def _storage(workspace: Workspace) -> Steps:
    """Real credentials as a dock gets them, a real put and a real get."""
    from media.services import storage  # late: a server without storage never loads its libraries
    from media.services.storage import doctor

    if not storage.available():
        detail = _("No storage is set up, so photos, videos and routes have no place.")
        return [waiting("storage", _("Storage"), detail, _("See the settings that begin with FLEET_S3."))]
    return [
        Step(f"storage-{number}", step.name, State.GOOD if step.ok else State.BAD, step.detail, step.advice)
        for number, step in enumerate(doctor.examine(workspace), start=1)
    ]
