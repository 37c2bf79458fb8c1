"""The connection doctor on what all devices need: over real sockets, against servers that are well and that are not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from devices.services.doctor import broker, server, web
from devices.services.doctor.steps import State, Step, bad, good, next_to_do, overall, waiting, within
from fleet import heartbeat
from fleet.models import Workspace
from tests.servers import MosquittoServer

LICENCE = ("DJI_APP_ID", "DJI_APP_KEY", "DJI_APP_LICENSE")


@contextmanager
def answering(status: int, body: str = "", **headers: str) -> Iterator[str]:
    """A web server that answers everything alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def look(workspace: Workspace) -> Callable[[str], dict[str, Step]]:
    def at(key: str) -> dict[str, Step]:
        part = server.part(key)
        assert part is not None
        return {step.key: step for step in part.look(workspace)}

    return at


# --- Steps and limits ---------------------------------------------------------------------------------------------


def test_a_check_that_takes_too_long_is_a_bad_step_and_holds_nobody_up() -> None:
    over = threading.Event()
    begun = time.monotonic()
    (found,) = within(0.2, "slow", "Slow", lambda: [good("x", "X", str(over.wait(30)))])
    assert time.monotonic() - begun < 5
    over.set()
    assert (found.key, found.state) == ("slow", State.BAD)
    assert "0.2" in found.detail or "0 seconds" in found.detail


def test_a_check_that_fails_says_so() -> None:
    (found,) = within(5, "broken", "Broken", lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert found.state is State.BAD
    assert "division by zero" in found.detail


def test_where_to_begin_is_the_first_bad_step_then_the_first_that_has_not_come() -> None:
    steps = [good("a", "A"), waiting("b", "B"), bad("c", "C", "why")]
    assert (overall(steps), next_to_do(steps)) == (State.BAD, steps[2])
    assert (overall(steps[:2]), next_to_do(steps[:2])) == (State.WAITING, steps[1])
    assert (overall(steps[:1]), next_to_do(steps[:1])) == (State.GOOD, None)


# --- The web address ----------------------------------------------------------------------------------------------


def test_our_page_is_known_by_its_mark(live_server: Any, settings: Any, look: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    found = look("web")
    assert found["page"].state is State.GOOD
    # The tests' server knows no WebSocket, as a proxy that does not pass the upgrade on.
    assert found["websocket"].state is State.BAD
    assert "Upgrade" in found["websocket"].advice


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://0.0.0.0:1", "http://[::1]:1"])
def test_an_address_that_leads_everybody_to_themselves_is_named(settings: Any, look: Any, url: str) -> None:
    settings.PUBLIC_URL = url
    found = look("web")
    assert found["address"].state is State.BAD
    assert "FLEET_PUBLIC_URL" in found["address"].advice


@pytest.mark.parametrize("host", ["fleet.example", "10.0.0.7", "[2001:db8::1]"])
def test_other_addresses_may_be_reached(host: str) -> None:
    assert not web.is_only_here(host)


def test_nobody_there(settings: Any, look: Any) -> None:
    with silent() as port:
        pass
    settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
    found = look("web")
    assert found["page"].state is State.BAD
    assert "refused" in found["page"].detail
    assert found["websocket"].state is State.WAITING


@pytest.mark.parametrize(
    ("status", "headers", "word"),
    [
        (200, {}, "Somebody else"),
        (502, {}, "Somebody else"),
        (301, {"Location": "https://fleet.example/pilot/"}, "https://fleet.example/pilot/"),
        (400, {}, "by this name"),
    ],
)
def test_who_answers_instead(settings: Any, look: Any, status: int, headers: dict[str, str], word: str) -> None:
    with answering(status, "hello", **headers) as url:
        settings.PUBLIC_URL = url
        found = look("web")
    assert found["page"].state is State.BAD
    assert word in found["page"].detail
    assert found["page"].advice


def test_a_server_that_says_nothing_is_given_up() -> None:
    with silent() as port, pytest.raises(web.Unreachable):
        web.fetch(f"http://127.0.0.1:{port}/", limit=0.3)


# --- The licence --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "own", "states"),
    [
        ("", "", (State.BAD, State.BAD)),
        ("x", "", (State.GOOD, State.GOOD)),
        ("", "xyz", (State.BAD, State.GOOD)),
        ("x", "xy", (State.GOOD, State.BAD)),
    ],
)
def test_licences(workspace: Workspace, settings: Any, look: Any, ours: str, own: str, states: Any) -> None:
    for name in LICENCE:
        setattr(settings, name, ours)
    workspace.app_id, workspace.app_key, workspace.app_license = (own[i : i + 1] for i in range(3))
    found = look("licence")
    assert (found["licence"].state, found["dock-licence"].state) == states
    assert all(step.advice for step in found.values() if step.state is State.BAD)


# --- The broker ---------------------------------------------------------------------------------------------------


def test_a_broker_that_refuses_strangers_is_well(mosquitto: MosquittoServer, settings: Any, look: Any) -> None:
    settings.MQTT_PUBLIC_URL = mosquitto.public_url
    found = look("broker")
    assert found["mqtt"].state is State.GOOD
    assert found["mqtt-address"].state is State.BAD, "it is a loopback address"


def test_a_right_account_is_let_in_and_a_wrong_one_is_not(mosquitto: MosquittoServer) -> None:
    from devices.services.broker.accounts import of_url

    username, password = of_url(mosquitto.url)
    assert broker.knock(mosquitto.public_url, username, password).answer is broker.Answer.IN
    assert broker.knock(mosquitto.public_url, username, "wrong").answer is broker.Answer.REFUSED


def test_nobody_listens(settings: Any, look: Any, workspace: Workspace) -> None:
    with silent() as port:
        pass
    settings.MQTT_PUBLIC_URL = f"tcp://127.0.0.1:{port}"
    found = look("broker")
    assert found["mqtt"].state is State.BAD
    assert "firewall" in found["mqtt"].advice
    assert not server.broker_answers(workspace)


def test_a_port_that_is_silent_is_given_up() -> None:
    with silent() as port:
        begun = time.monotonic()
        outcome = broker.knock(f"tcp://127.0.0.1:{port}", "u", "p", limit=0.5)
    assert outcome.answer in (broker.Answer.ODD, broker.Answer.UNREACHABLE)
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize("scheme", ["ssl", "ws", "wss"])
def test_another_kind_of_listener_is_no_broker(mosquitto: MosquittoServer, scheme: str) -> None:
    url = mosquitto.public_url.replace("tcp://", f"{scheme}://")
    assert broker.knock(url, "u", "p", limit=2).answer in (broker.Answer.ODD, broker.Answer.UNREACHABLE)


# --- Our own processes, the bucket --------------------------------------------------------------------------------


def test_processes_that_give_no_sign_of_life_are_named(look: Any) -> None:
    found = look("processes")
    assert {step.state for step in found.values()} == {State.BAD}
    assert "celery" in found["bridge"].advice


def test_processes_that_work(look: Any) -> None:
    heartbeat.beat("worker@x", {"queues": ["celery"]})
    heartbeat.beat("bridge@x", {"queues": ["mqtt"], "bridge": {"connected": True, "refusal": ""}})
    found = look("processes")
    assert (found["bridge"].state, found["worker"].state) == (State.GOOD, State.GOOD)
    heartbeat.beat("bridge@x", {"queues": ["mqtt"], "bridge": {"connected": False, "refusal": "not authorised"}})
    assert "not authorised" in look("processes")["bridge"].detail
    for name in ("worker@x", "bridge@x"):
        heartbeat.connection().delete(heartbeat.PREFIX + name)


@pytest.mark.django_db(transaction=True)
def test_the_bucket_says_how_it_is(look: Any) -> None:
    found = look("storage")
    assert found
    assert not any("check itself failed" in step.detail for step in found.values()), found
