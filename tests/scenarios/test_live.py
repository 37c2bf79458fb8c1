"""A dock and a remote through real servers: from the first connection to a command's end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveFleet

pytestmark = [pytest.mark.broker]


def devices(fleet: LiveFleet) -> dict[str, Any]:
    return dict(
        fleet.query(
            "from devices.models import Device\n"
            "answer = {d.sn: {'online': d.online, 'gateway': d.gateway and d.gateway.sn, 'model': d.model_name,"
            " 'bound': d.bound_at is not None, 'summary': d.state.summary if hasattr(d, 'state') else {}, 'keys':"
            " len(d.state.properties) if hasattr(d, 'state') else 0} for d in Device.objects.all()}"
        )
    )


@pytest.mark.usefixtures("simulator")
def test_the_simulated_fleet_comes_online_moves_and_obeys(
    live_fleet: LiveFleet, demo_workspace: dict[str, Any]
) -> None:
    gateways = {entry["sn"]: entry for entry in demo_workspace["gateways"]}

    def all_there() -> Any:
        found = devices(live_fleet)
        wanted = [*gateways, *(entry["aircraft_sn"] for entry in gateways.values())]
        return found if all(found.get(sn, {}).get("online") and found[sn]["keys"] for sn in wanted) else None

    found = live_fleet.wait(all_there, 90, "all six simulated devices")
    for sn, entry in gateways.items():
        # A remote is bound by its pilot's login, which another test may have played before.
        assert found[sn]["bound"] or entry["kind"] == "rc-plus-2"
        assert found[entry["aircraft_sn"]]["gateway"] == sn
    assert {found[entry["aircraft_sn"]]["model"] for entry in gateways.values()} == {
        "Matrice 4TD",
        "Matrice 3TD",
        "Matrice 4E",
    }

    aircraft = gateways["9N9CN0000B0SIM3"]["aircraft_sn"]
    before = found[aircraft]["summary"]
    live_fleet.wait(
        lambda: (
            (now := devices(live_fleet)[aircraft]["summary"])
            and (now["lat"], now["lon"]) != (before["lat"], before["lon"])
        ),
        30,
        "the remote's aircraft to move",
    )

    dock = next(sn for sn, entry in gateways.items() if entry["kind"] == "dock3")
    command = live_fleet.query(
        "from devices.models import Device\nfrom devices.services import commands\n"
        f"answer = str(commands.issue(Device.objects.get(sn={dock!r}), 'cover_open', {{}}, user=None, confirmed=True).pk)"
    )
    look = (
        "from devices.models import Command\n"
        f"c = Command.objects.get(pk={command!r})\n"
        "answer = {'status': c.status, 'progress': c.progress, 'text': c.result_text}"
    )
    ended = live_fleet.wait(
        lambda: (now := live_fleet.query(look))["status"] not in ("pending", "sent", "in_progress") and now,
        60,
        "the end",
    )
    assert ended == {"status": "ok", "progress": 100, "text": ""}
    rejects = live_fleet.query(
        "from devices.models import RejectedMessage\nanswer = list(RejectedMessage.objects.values('topic', 'reason', 'detail'))"
    )
    assert [entry for entry in rejects if entry["reason"] != "unregistered"] == []


def test_health_names_what_is_down(live_fleet: LiveFleet) -> None:
    live_fleet.wait(lambda: live_fleet.health().get("ok"), 15, "a healthy server")
    health = live_fleet.health()
    assert {part for part in health if part != "ok"} == {"database", "redis", "broker", "bridge", "worker"}
