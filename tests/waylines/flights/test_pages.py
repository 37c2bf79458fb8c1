"""The list of flights, the page of one, and who may see and delete them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import Alarm, Command
from fleet.models import AuditEntry, Role, Workspace
from tests.factories import make_aircraft, make_dock, make_remote, make_user
from tests.waylines.flights.flown import make_flight
from tests.waylines.flights.sky import Bird, make_mission
from waylines.models import Flight, FlightTrack

pytestmark = pytest.mark.django_db
LIST = "admin:waylines_flight_changelist"
Enter = Callable[..., Client]


@pytest.fixture
def enter(workspace: Workspace) -> Enter:
    def made(role: Role = Role.VIEWER, where: Workspace = workspace) -> Client:
        client = Client()
        client.force_login(make_user(where, role))
        return client

    return made


def read(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_the_list_says_what_was_flown_and_adds_it_up(enter: Enter, workspace: Workspace) -> None:
    make_flight(workspace, aircraft_name="Kite", distance=12_340.0)
    make_flight(workspace, aircraft_name="Crow", distance=660.0, kind=Flight.Kind.LIVE, battery_end=None)
    page = read(enter(), LIST)
    for word in ("Kite", "Crow", "Ada Pilot", "1:58", "12.34", "14 %", "Live control"):
        assert word in page
    totals = page[page.index('id="flight-totals"') : page.index("This list as CSV")]
    assert [word in totals for word in (">2<", ">0.1<", ">13.0<")] == [True] * 3
    narrowed = read(enter(), LIST, kind__exact="live")
    assert ("Crow" in narrowed, "Kite" in narrowed) == (True, False)
    assert "?kind__exact=live" in narrowed[narrowed.index('id="flight-totals"') :]


def test_the_list_costs_the_same_however_long_it_is(enter: Enter, workspace: Workspace) -> None:
    client = enter()
    make_flight(workspace)
    read(client, LIST)
    with CaptureQueriesContext(connection) as few:
        read(client, LIST)
    for _ in range(12):
        make_flight(workspace)
    with CaptureQueriesContext(connection) as many:
        read(client, LIST)
    assert len(many) == len(few) <= 20
    assert not any("waylines_flighttrack" in query["sql"] for query in many)


def test_filters_offer_this_workspaces_devices_by_their_kind(
    enter: Enter, workspace: Workspace, other_workspace: Workspace
) -> None:
    kite = make_aircraft(workspace, make_dock(workspace, callsign="North dock"), callsign="Kite")
    make_flight(workspace, aircraft=kite)
    make_flight(
        workspace, aircraft=make_aircraft(workspace, make_remote(workspace, callsign="Field team"), callsign="Crow")
    )
    make_aircraft(other_workspace, callsign="Foreign bird")
    page = read(enter(), LIST)
    assert "Foreign bird" not in page
    page = read(enter(), LIST, aircraft__id__exact=kite.pk)
    assert page.count("flights/") == 1
    page = read(enter(), LIST, gateway__id__exact=kite.gateway_id)
    assert page.count("flights/") == 1


def test_the_list_as_a_file_is_what_is_shown(enter: Enter, workspace: Workspace, other_workspace: Workspace) -> None:
    started = timezone.now() - timedelta(days=3)
    make_flight(workspace, aircraft_name='=cmd|"x"', started_at=started)
    make_flight(workspace, aircraft_name="Crow", kind=Flight.Kind.LIVE)
    make_flight(other_workspace, aircraft_name="Theirs")
    make_flight(workspace, aircraft_name="Up", ended_at=None, distance=None, end_reason="")
    lines = list(csv.DictReader(io.StringIO(read(enter(), "admin:waylines_flight_csv"))))
    assert [line["aircraft"] for line in lines][-1:] == ['\'=cmd|"x"']
    assert {line["aircraft"] for line in lines} == {'\'=cmd|"x"', "Crow", "Up"}
    assert (lines[-1]["started_utc"], lines[-1]["duration_s"]) == (started.strftime("%Y-%m-%dT%H:%M:%SZ"), "118")
    lines = list(csv.DictReader(io.StringIO(read(enter(), "admin:waylines_flight_csv", kind__exact="live"))))
    assert [line["aircraft"] for line in lines] == ["Crow"]


def test_an_empty_list_says_what_to_do(enter: Enter) -> None:
    page = read(enter(), LIST)
    assert "Take off." in page
    assert 'id="flight-totals"' not in page


def test_the_page_shows_the_facts_in_the_workspaces_time(enter: Enter, workspace: Workspace, bird: Bird) -> None:
    workspace.time_zone = "Asia/Tokyo"
    workspace.save()
    mission = make_mission(bird)
    started = timezone.now().replace(year=2026, month=3, day=1, hour=20, minute=0, second=0, microsecond=0)
    flight = make_flight(workspace, aircraft=bird.device, mission=mission, kind=Flight.Kind.WAYLINE, started_at=started)
    page = read(enter(), "admin:waylines_flight_change", flight.pk)
    for word in (
        "2026-03-02 05:00:00",
        "1:58",
        "942 m",
        "90 m",
        "12.0 m/s",
        "90 % → 76 % (14 %)",
        "Ada Pilot",
        "Fence",
    ):
        assert word in page, word
    assert '"zone": "Asia/Tokyo"' in page
    assert "[47.001, 8.0]" in page  # the planned route
    assert "Delete this flight" not in page


def test_alarms_and_commands_of_the_time_are_listed(enter: Enter, workspace: Workspace, bird: Bird) -> None:
    flight = make_flight(workspace, aircraft=bird.device)
    dock = bird.device.gateway
    assert dock is not None

    def alarm(code: str, begin: float, end: float | None, device: Any = bird.device) -> None:
        Alarm.objects.create(
            workspace=workspace, device=device, code=code, level=Alarm.Level.WARNING,
            started_at=flight.started_at + timedelta(seconds=begin), seen_at=flight.started_at,
            ended_at=None if end is None else flight.started_at + timedelta(seconds=end),
        )  # fmt: skip

    alarm("0xDURING", 30, 40)
    alarm("0xDOCK", 30, None, dock)
    alarm("0xBEFORE", -60, -30)
    alarm("0xAFTER", 300, None)
    alarm("0xOTHER", 30, 40, make_aircraft(workspace))
    for method, second in (("return_home", 50), ("cover_open", -500)):
        command = Command.objects.create(
            workspace=workspace, device=dock, method=method, actor="somebody", deadline=flight.started_at
        )
        Command.objects.filter(pk=command.pk).update(created_at=flight.started_at + timedelta(seconds=second))
    page = read(enter(), "admin:waylines_flight_change", flight.pk)
    assert [code in page for code in ("0xDURING", "0xDOCK", "0xBEFORE", "0xAFTER", "0xOTHER")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert ("Return to home" in page or "Return home" in page, "Open cover" in page) == (True, False)
    assert f'data-at="{(flight.started_at + timedelta(seconds=30)).timestamp()}"' in page


def test_one_that_began_in_the_air_and_one_that_was_lost_say_so(enter: Enter, workspace: Workspace) -> None:
    from tests.waylines.flights.flown import circle

    started = timezone.now() - timedelta(hours=2)
    aloft = circle(started.timestamp())
    aloft.elevation = [60.0] * len(aloft)
    flight = make_flight(workspace, aloft, started_at=started, end_reason=Flight.End.SILENT)
    page = read(enter(), "admin:waylines_flight_change", flight.pk)
    assert "in the air already" in page
    assert "Contact was lost" in page
    page = read(enter(), "admin:waylines_flight_change", make_flight(workspace).pk)
    assert "in the air already" not in page


def test_the_track_is_columns_of_numbers(enter: Enter, workspace: Workspace) -> None:
    flight = make_flight(workspace)
    track = json.loads(read(enter(), "console:flight_track", flight.pk))
    assert (track["flying"], track["final"], len(track["latitude"]), track["time"][1]) == (False, True, 60, 2.0)
    assert track["at"] == pytest.approx(flight.started_at.timestamp() * 1000, abs=100)


def test_the_track_of_one_in_the_air_is_what_was_heard_so_far(enter: Enter, bird: Bird) -> None:
    bird.fly(0, 30)
    track = json.loads(read(enter(), "console:flight_track", bird.flight.pk))
    assert (track["flying"], track["final"], len(track["time"])) == (True, False, 16)
    assert "in the air" in read(enter(), "admin:waylines_flight_change", bird.flight.pk)


def test_a_picture_is_drawn_of_every_way(enter: Enter, workspace: Workspace) -> None:
    answer = enter().get(reverse("console:flight_picture", args=[make_flight(workspace).pk]))
    assert answer["Content-Type"] == "image/svg+xml"
    assert "private" in answer["Cache-Control"]
    assert b"<polyline" in answer.content
    empty = make_flight(workspace, ended_at=None, distance=None, end_reason="")
    assert read(enter(), "console:flight_picture", empty.pk).endswith("></svg>")


@pytest.mark.parametrize("suffix", ["gpx", "kml", "csv", "geojson"])
def test_exports_come_as_files(enter: Enter, workspace: Workspace, suffix: str) -> None:
    answer = enter().get(
        reverse("console:flight_export", args=[make_flight(workspace, aircraft_name="Kite").pk, suffix])
    )
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="flight-')
    assert answer["Content-Disposition"].endswith(f'-Kite.{suffix}"')
    assert len(answer.content) > 1000


def test_an_unknown_format_is_not_there(enter: Enter, workspace: Workspace) -> None:
    address = reverse("console:flight_export", args=[make_flight(workspace).pk, "exe"])
    assert enter().get(address).status_code == 404
    assert enter().post(address).status_code == 405


def addresses(flight: Flight) -> list[str]:
    return [
        reverse("admin:waylines_flight_change", args=[flight.pk]),
        reverse("admin:waylines_flight_delete", args=[flight.pk]),
        reverse("console:flight_track", args=[flight.pk]),
        reverse("console:flight_picture", args=[flight.pk]),
        *(reverse("console:flight_export", args=[flight.pk, suffix]) for suffix in ("gpx", "kml", "csv", "geojson")),
    ]


def test_nothing_of_another_workspace_is_ever_shown(
    enter: Enter, workspace: Workspace, other_workspace: Workspace
) -> None:
    flight = make_flight(workspace, aircraft_name="Secret bird")
    strangers = enter(Role.ADMIN, other_workspace)
    for address in addresses(flight):
        answer = strangers.get(address)
        assert answer.status_code == 404, address
        assert b"Secret bird" not in answer.content
        assert Client().get(address).status_code == 302
    assert "Secret bird" not in read(strangers, LIST)
    assert "Secret bird" not in read(strangers, "admin:waylines_flight_csv")
    strangers.post(reverse("admin:waylines_flight_delete", args=[flight.pk]), {"post": "yes"})
    strangers.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [str(flight.pk)], "post": "yes"})
    assert Flight.objects.filter(pk=flight.pk).exists()


def test_only_an_administrator_deletes_and_it_is_written_down(enter: Enter, workspace: Workspace) -> None:
    flight = make_flight(workspace)
    address = reverse("admin:waylines_flight_delete", args=[flight.pk])
    assert enter(Role.OPERATOR).post(address, {"post": "yes"}).status_code == 403
    boss = enter(Role.ADMIN)
    assert "Delete this flight" in read(boss, "admin:waylines_flight_change", flight.pk)
    assert boss.post(address, {"post": "yes"}).status_code == 302
    assert not Flight.objects.exists()
    assert not FlightTrack.objects.exists()
    entry = AuditEntry.objects.get(action="flight.deleted")
    assert (entry.workspace, entry.target, entry.detail["pilot"]) == (workspace, flight.aircraft_sn, "Ada Pilot")


def test_several_are_deleted_at_once_but_none_in_the_air(enter: Enter, workspace: Workspace) -> None:
    rows = [make_flight(workspace), make_flight(workspace), make_flight(workspace, ended_at=None, distance=None)]
    boss = enter(Role.ADMIN)
    form = {"action": "delete_selected", "_selected_action": [str(row.pk) for row in rows], "post": "yes"}
    boss.post(reverse(LIST), form)
    assert list(Flight.objects.all()) == [rows[2]]
    assert AuditEntry.objects.filter(action="flight.deleted").count() == 2
    boss.post(reverse("admin:waylines_flight_delete", args=[rows[2].pk]), {"post": "yes"})
    assert Flight.objects.filter(pk=rows[2].pk).exists()


def test_device_text_is_escaped(enter: Enter, workspace: Workspace) -> None:
    flight = make_flight(workspace, aircraft_name="<script>alert(1)</script>", pilot_name="</script><b>")
    for page in (read(enter(), LIST), read(enter(), "admin:waylines_flight_change", flight.pk)):
        assert "<script>alert" not in page
        assert "<b>" not in page
