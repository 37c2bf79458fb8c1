"""Two workspaces that know nothing of each other, people of every role, and clients that speak for them."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.utils import timezone
from playwright.sync_api import Page
from rest_framework.test import APIClient

from devices.models import Device, DeviceModel, DeviceState
from devices.models.device import Domain
from devices.services import gateways
from fleet.models import Membership, Role, User, Workspace
from fleet.services import tokens
from tests import factories
from tests.pilot.people import PASSWORD, Person, unique
from tests.pilot.stage import BRIDGE, LICENSE, SMALL, all_connected, log_in

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """The real hash is slow on purpose, and these tests log in some hundred times."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def address() -> str:
    """An address of this test's own, for failed logins are counted in Redis, which outlives a test."""
    return ".".join(["10", *(str(random.randrange(1, 255)) for _ in range(3))])


@pytest.fixture
def anonymous(address: str) -> APIClient:
    return APIClient(REMOTE_ADDR=address)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return factories.make_workspace(name=unique("Alpha"), description="North slope", platform_name="Cloud of Alpha")


@pytest.fixture
def other(db: None) -> Workspace:
    return factories.make_workspace(name=unique("Beta"))


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(*memberships: tuple[Workspace, Role], **fields: Any) -> User:
        user = User.objects.create_user(username=unique("person"), password=PASSWORD, **fields)
        for workspace, role in memberships:
            Membership.objects.create(user=user, workspace=workspace, role=role)
        return user

    return make


@pytest.fixture
def join(make_user: Callable[..., User], address: str) -> Callable[..., Person]:
    def make(workspace: Workspace, role: Role = Role.PILOT, **fields: Any) -> Person:
        user = make_user((workspace, role), **fields)
        _token, key = tokens.issue(user, workspace, "test")
        return Person(user, workspace, key, APIClient(HTTP_X_AUTH_TOKEN=key, REMOTE_ADDR=address))

    return make


@pytest.fixture
def pilot(join: Callable[..., Person], workspace: Workspace) -> Person:
    return join(workspace, Role.PILOT, first_name="Ada", last_name="Pilot")


@pytest.fixture
def viewer(join: Callable[..., Person], workspace: Workspace) -> Person:
    return join(workspace, Role.VIEWER)


@pytest.fixture
def stranger(join: Callable[..., Person], other: Workspace) -> Person:
    """A pilot of the other workspace."""
    return join(other, Role.PILOT)


@pytest.fixture
def add_remote(db: None) -> Callable[..., tuple[Device, str]]:
    def add(workspace: Workspace, sn: str = "", **fields: Any) -> tuple[Device, str]:
        return gateways.add(workspace, sn or unique("RC"), kind=Domain.REMOTE, **fields)

    return add


@pytest.fixture
def add_device(db: None) -> Callable[..., Device]:
    """A device as the bridge leaves it behind; `summary` is what the map knows of it."""

    def add(workspace: Workspace, domain: Domain, model_key: str = "", **fields: Any) -> Device:
        summary = fields.pop("summary", None)
        model = DeviceModel.objects.get_or_create(key=model_key)[0] if model_key else None
        device = Device.objects.create(
            workspace=workspace, sn=fields.pop("sn", unique("SN")), domain=domain, model=model, **fields
        )
        if summary is not None:
            DeviceState.objects.create(device=device, summary=summary, seen_at=timezone.now())
        return device

    return add


# --- The page in a real browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def database_beside_playwright() -> Iterator[None]:
    """Playwright's loop runs in the tests' own thread, and Django takes that for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def server(transactional_db: None, live_server: Any, settings: Any) -> Any:
    for name, value in LICENSE.items():
        setattr(settings, name, value)
    settings.PUBLIC_URL = live_server.url
    return live_server


@pytest.fixture
def all_answered(transactional_db: None) -> Iterator[None]:
    """A browser that is closed leaves requests under way; the tables are not emptied before they are answered."""
    change = threading.Condition()
    under_way = 0

    def count(by: int) -> None:
        nonlocal under_way
        with change:
            under_way += by
            change.notify_all()

    def begun(**_said: Any) -> None:
        count(1)

    def ended(**_said: Any) -> None:
        count(-1)

    request_started.connect(begun)
    request_finished.connect(ended)
    yield
    with change:
        change.wait_for(lambda: under_way <= 0, 10)
    request_started.disconnect(begun)
    request_finished.disconnect(ended)


@pytest.fixture
def open_page(chromium: Any, database_beside_playwright: None, server: Any, all_answered: None) -> Iterator[OpenPage]:
    """Opens the page; with `bridge` on a remote that is so. Errors of its scripts and of its policy fail the test."""
    contexts = []

    def open_it(bridge: dict[str, Any] | None = None, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": SMALL, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        if bridge is not None:
            context.add_init_script(f"window.bridgeOptions = {json.dumps(bridge)};\n{BRIDGE}")
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda line: page.errors.append(line.text) if "Security Policy" in line.text else None)
        page.goto(f"{server.url}/pilot/")
        return page

    yield open_it
    for context in contexts:
        assert [page.errors for page in context.pages] == [[] for _ in context.pages]
        context.close()


@pytest.fixture
def user(make_user: Callable[..., User], workspace: Workspace) -> User:
    return make_user((workspace, Role.PILOT))


@pytest.fixture
def rc(add_remote: Callable[..., tuple[Device, str]], workspace: Workspace) -> Device:
    return add_remote(workspace)[0]


@pytest.fixture
def at_work(open_page: OpenPage, user: User, rc: Device) -> OpenPage:
    """A remote with everything loaded."""

    def open_it(**bridge: Any) -> Page:
        options = bridge.pop("options", {})
        page = open_page({"sn": rc.sn, **bridge}, **options)
        log_in(page, user)
        all_connected(page)
        return page

    return open_it
