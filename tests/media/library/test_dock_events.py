"""What docks say of media, through the dispatcher."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device
from fleet.models import Workspace
from fleet.mqtt.messages import Rejected
from media.models import MediaFile, MediaGroup, RefusedUpload, Status
from tests.factories import make_aircraft, make_dock
from tests.media.library.files import key_of, make_flight, make_mission


@pytest.fixture
def dock(workspace: Workspace) -> Device:
    return make_dock(workspace, online=True)


@pytest.fixture
def say(wire: Any, dock: Device) -> Any:
    """The dock says something; what it was answered."""

    def speak(method: str, data: Any, sn: str = "") -> Any:
        topic = f"thing/product/{sn or dock.sn}/events"
        sent = wire.deliver(topic, method=method, need_reply=1, gateway=sn or dock.sn, data=data)
        answers = wire.answers(f"{topic}_reply")
        assert answers[-1]["tid"] == sent["tid"]
        return answers[-1]["data"]

    return speak


def callback(workspace: Workspace, name: str = "a.jpeg", **fields: Any) -> dict[str, Any]:
    """As the documentation's example has it."""
    file = {
        "cloud_to_cloud_id": "DEFAULT",
        "ext": {"drone_model_key": "0-100-1", "flight_id": "f1", "is_original": True, "payload_model_key": "0-99-0"},
        "metadata": {
            "absolute_altitude": 56.311,
            "create_time": "2026-05-10 16:04:20",
            "gimbal_yaw_degree": "-91.40",
            "relative_altitude": 41.124,
            "shoot_position": {"lat": 22.1, "lng": 122.5},
        },
        "name": name,
        "object_key": key_of(workspace, name),
        "path": "xxx",
        **fields.pop("file", {}),
    }
    return {"file": file, **fields}


def test_a_file_is_stored_before_it_is_answered(workspace: Workspace, dock: Device, say: Any) -> None:
    assert say("file_upload_callback", callback(workspace)) == {"result": 0}
    file = MediaFile.objects.get()
    assert (file.gateway, file.flight_key, file.status) == (dock, "f1", Status.ANNOUNCED)
    assert (file.latitude, file.gimbal_yaw, file.is_original) == (22.1, -91.4, True)
    assert file.metadata["callback"]["cloud_to_cloud_id"] == "DEFAULT"
    assert say("file_upload_callback", callback(workspace)) == {"result": 0}
    assert MediaFile.objects.count() == 1


def test_unknown_fields_are_kept(workspace: Workspace, say: Any) -> None:
    say("file_upload_callback", callback(workspace, novelty={"a": [1]}, file={"surprise": 7}))
    said = MediaFile.objects.get().metadata["callback"]
    assert (said["surprise"], said["rest"]["novelty"]) == (7, {"a": [1]})


def test_a_failed_upload(workspace: Workspace, say: Any) -> None:
    assert say("file_upload_callback", callback(workspace, result=514_101)) == {"result": 0}
    file = MediaFile.objects.get()
    assert file.status == Status.FAILED
    assert "514101" in file.reason
    say("file_upload_callback", callback(workspace, result=0))
    file.refresh_from_db()
    assert file.status == Status.ANNOUNCED


def test_the_dock_counts(workspace: Workspace, say: Any) -> None:
    task = {"uploaded_file_count": 1, "expected_file_count": 3, "flight_type": 0}
    say("file_upload_callback", callback(workspace, flight_task=task))
    group = MediaGroup.objects.get()
    assert (group.key, group.expected, group.reported, group.extra["flight_type"]) == ("f1", 3, 1, 0)
    say("file_upload_callback", callback(workspace, "b.jpeg"))
    group.refresh_from_db()
    assert (group.expected, group.files.count()) == (3, 2)


def test_a_missions_file_belongs_to_mission_flight_and_aircraft(
    workspace: Workspace, other_workspace: Workspace, dock: Device, say: Any
) -> None:
    mission = make_mission(workspace, dock)
    bird = make_aircraft(workspace, dock)
    flight = make_flight(workspace, bird, mission=mission)
    say("file_upload_callback", callback(workspace, file={"ext": {"flight_id": str(mission.pk)}}))
    file = MediaFile.objects.get()
    assert (file.mission, file.flight, file.aircraft) == (mission, flight, bird)
    assert file.group is not None and file.group.mission == mission
    foreign = make_mission(other_workspace)
    say("file_upload_callback", callback(workspace, "b.jpeg", file={"ext": {"flight_id": str(foreign.pk)}}))
    assert MediaFile.objects.get(name="b.jpeg").mission is None


def test_a_missions_file_is_under_no_other_missions_flight(workspace: Workspace, dock: Device, say: Any) -> None:
    # The flight before has just ended, and of this mission's own there is no record.
    before = make_mission(workspace, dock, finished_at=timezone.now())
    mission = make_mission(workspace, dock)
    bird, now = make_aircraft(workspace, dock), timezone.now()
    make_flight(workspace, bird, mission=before, started_at=now - timedelta(minutes=9), ended_at=now)
    file = {"ext": {"flight_id": str(mission.pk)}, "metadata": {"created_time": now.isoformat()}}
    say("file_upload_callback", callback(workspace, file=file))
    stored = MediaFile.objects.get()
    assert (stored.mission, stored.aircraft, stored.flight) == (mission, bird, None)


def test_a_flight_by_hand_is_found_by_its_time(workspace: Workspace, dock: Device, say: Any) -> None:
    bird = make_aircraft(workspace, dock)
    flight = make_flight(workspace, bird)
    taken = (timezone.now() - timedelta(minutes=10)).isoformat()
    say("file_upload_callback", callback(workspace, file={"metadata": {"create_time": taken}}))
    assert MediaFile.objects.get().flight == flight


def test_another_workspaces_prefix_is_refused_and_recorded(
    workspace: Workspace, other_workspace: Workspace, dock: Device, say: Any
) -> None:
    answer = say("file_upload_callback", callback(workspace, file={"object_key": key_of(other_workspace, "a.jpeg")}))
    assert answer["result"] != 0
    assert not MediaFile.objects.exists()
    refused = RefusedUpload.objects.get()
    assert (refused.workspace, refused.sender, refused.why) == (workspace, dock.sn, "elsewhere")


@pytest.mark.parametrize("data", [{}, {"file": "text"}, {"file": None}, [], None])
def test_what_names_no_file_is_a_reject(wire: Any, dock: Device, data: Any) -> None:
    rejected = []
    wire.dispatcher.reject = lambda topic, payload, why: rejected.append(why)
    topic = f"thing/product/{dock.sn}/events"
    wire.deliver(topic, method="file_upload_callback", need_reply=1, gateway=dock.sn, data=data)
    assert isinstance(rejected[0], Rejected)
    assert wire.answers(f"{topic}_reply")[-1]["data"]["result"] != 0


@pytest.mark.parametrize(
    "file", [{"ext": None, "metadata": "none"}, {"name": None, "path": 7}, {"metadata": {"shoot_position": []}}]
)
def test_nonsense_in_a_field_costs_only_that_field(workspace: Workspace, say: Any, file: dict[str, Any]) -> None:
    assert say("file_upload_callback", callback(workspace, file=file)) == {"result": 0}
    assert MediaFile.objects.count() == 1


def test_which_flight_goes_first(workspace: Workspace, dock: Device, say: Any) -> None:
    assert say("highest_priority_upload_flighttask_media", {"flight_id": "f1"}) == {"result": 0}
    assert MediaGroup.objects.get(key="f1").first_since is not None
    say("highest_priority_upload_flighttask_media", {"flight_id": "f2"})
    assert [group.key for group in MediaGroup.objects.filter(first_since__isnull=False)] == ["f2"]


def test_of_another_dock_nothing_changes(workspace: Workspace, other_workspace: Workspace, say: Any) -> None:
    foreign = make_dock(other_workspace)
    say("highest_priority_upload_flighttask_media", {"flight_id": "f1"}, foreign.sn)
    say("highest_priority_upload_flighttask_media", {"flight_id": "f1"})
    assert MediaGroup.objects.filter(first_since__isnull=False).count() == 2
    assert set(MediaGroup.objects.values_list("workspace", flat=True)) == {workspace.pk, other_workspace.pk}
