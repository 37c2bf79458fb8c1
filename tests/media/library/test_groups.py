"""How many files are expected, how many came, and the alarm when some stay away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Command
from fleet.models import AuditEntry, Role, User, Workspace
from fleet.services.access import Forbidden
from media import tasks
from media.models import MediaFile, MediaGroup, MediaPolicy, Status
from media.services.library import deletion, dock, groups
from tests.factories import make_dock, make_user, make_workspace
from tests.media.library.files import announce, make_mission, stored

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=31)


def group_of(workspace: Workspace, *, arrived: int, expected: int | None, age: timedelta, **fields: Any) -> MediaGroup:
    moment = timezone.now() - age
    values = {
        "origin": "pilot",
        "key": f"g{arrived}-{expected}-{age}",
        "expected": expected,
        "changed_at": moment,
        **fields,
    }
    group = MediaGroup.objects.create(workspace=workspace, **values)
    for _number in range(arrived):
        stored(workspace, group=group)
    return group


def swept(group: MediaGroup) -> MediaGroup:
    groups.sweep()
    group.refresh_from_db()
    return group


def test_only_what_is_stored_counts(workspace: Workspace) -> None:
    group = group_of(workspace, arrived=2, expected=4, age=LATER)
    for status in (Status.ANNOUNCED, Status.MISSING, Status.FAILED):
        stored(workspace, group=group, status=status)
    found = groups.completeness(MediaGroup.objects.all())[0]
    assert (found.expected, found.arrived, found.missing, found.troubled, found.is_complete) == (4, 2, 2, 3, False)


def test_a_complete_upload_is_closed_and_raises_no_alarm(workspace: Workspace) -> None:
    group = swept(group_of(workspace, arrived=2, expected=2, age=LATER))
    assert group.completed_at is not None
    assert group.alarm_at is None


def test_an_upload_that_stays_incomplete_raises_an_alarm_once(workspace: Workspace) -> None:
    group = swept(group_of(workspace, arrived=1, expected=2, age=LATER))
    first = group.alarm_at
    assert first is not None
    assert swept(group).alarm_at == first
    assert [alarm.missing for alarm in groups.alarms(workspace.pk)] == [1]


def test_no_alarm_while_files_still_come_or_nobody_said_how_many(workspace: Workspace) -> None:
    assert swept(group_of(workspace, arrived=1, expected=2, age=timedelta(minutes=29))).alarm_at is None
    assert swept(group_of(workspace, arrived=1, expected=None, age=LATER)).alarm_at is None


def test_the_workspace_says_how_long_to_wait(workspace: Workspace) -> None:
    MediaPolicy.objects.create(workspace=workspace, incomplete_after=120)
    assert swept(group_of(workspace, arrived=0, expected=2, age=LATER)).alarm_at is None


def test_the_last_file_takes_the_alarm_back(workspace: Workspace, storage: Any) -> None:
    group = swept(group_of(workspace, arrived=1, expected=2, age=LATER, key="g"))
    file = announce(workspace, ext={"file_group_id": "g"})
    storage.put(file.object_key, b"x")
    tasks.confirm(file.pk)
    group.refresh_from_db()
    assert (group.alarm_at, group.completed_at is not None) == (None, True)
    assert groups.alarms(workspace.pk) == []


def test_a_mission_whose_files_never_came_at_all(workspace: Workspace) -> None:
    late = make_mission(workspace, finished_at=timezone.now() - LATER, media_count=3)
    make_mission(workspace, finished_at=timezone.now() - timedelta(minutes=5), media_count=3)
    make_mission(workspace, finished_at=timezone.now() - LATER, media_count=0)
    make_mission(workspace, media_count=3)
    groups.sweep()
    groups.sweep()
    assert [alarm.group.mission for alarm in groups.alarms(workspace.pk)] == [late]
    found = groups.of_mission(workspace.pk, late.pk)
    assert found is not None and (found.expected, found.arrived) == (3, 0)


def test_a_mission_that_still_flies_is_not_late(workspace: Workspace) -> None:
    mission = make_mission(workspace, media_count=5)
    group = group_of(
        workspace, arrived=1, expected=5, age=LATER, origin="mission", key=str(mission.pk), mission=mission
    )
    assert swept(group).alarm_at is None  # docks upload after the landing
    other = make_mission(workspace, media_count=5, finished_at=timezone.now())
    fresh = group_of(workspace, arrived=1, expected=5, age=LATER, origin="mission", key=str(other.pk), mission=other)
    assert swept(fresh).alarm_at is None  # it has landed only now


def test_who_knows_may_accept_it(workspace: Workspace, operator: User) -> None:
    group = swept(group_of(workspace, arrived=1, expected=2, age=LATER))
    with pytest.raises(Forbidden):
        groups.accept(group, user=make_user(workspace, Role.PILOT))
    groups.accept(group, user=operator)
    groups.accept(group, user=operator)
    assert groups.alarms(workspace.pk) == []
    assert AuditEntry.objects.filter(action="media.incomplete_accepted", user=operator).count() == 1


def test_deleted_files_open_no_closed_upload(workspace: Workspace) -> None:
    group = swept(group_of(workspace, arrived=2, expected=2, age=LATER))
    MediaFile.objects.all().delete()
    assert swept(group).alarm_at is None


def test_what_was_deleted_here_is_not_missing(workspace: Workspace, operator: User, storage: Any) -> None:
    group = group_of(workspace, arrived=2, expected=3, age=LATER, key="g")
    other = group_of(make_workspace(), arrived=1, expected=2, age=LATER)
    gone = [file.pk for file in MediaFile.objects.order_by("pk")[:1]]
    assert deletion.delete(workspace, gone, user=operator) == 1
    failed = stored(workspace, group=group, status=Status.FAILED)
    assert deletion.delete(workspace, [failed.pk], user=operator) == 1  # it never came
    file = announce(workspace, ext={"file_group_id": "g"})
    storage.put(file.object_key, b"x")
    tasks.confirm(file.pk)
    MediaGroup.objects.update(changed_at=timezone.now() - LATER)
    assert swept(group).completed_at is not None
    assert (group.alarm_at, group.deleted) == (None, 1)
    assert swept(other).alarm_at is not None


def test_what_a_remote_had_not_to_send_is_not_missing(workspace: Workspace) -> None:
    """It was told that the library has two of the four; one that it spoke of has not come."""
    group = group_of(workspace, arrived=1, expected=4, age=LATER, reported=3)
    waiting = stored(workspace, group=group, status=Status.MISSING)
    assert [found.missing for found in groups.completeness(MediaGroup.objects.all())] == [2]
    groups.counted(group, expected=4, reported=4, extra={})
    assert [found.missing for found in groups.completeness(MediaGroup.objects.all())] == [1]
    MediaFile.objects.filter(pk=waiting.pk).update(status=Status.CONFIRMED)
    assert swept(group).completed_at is not None


def test_a_dock_has_to_send_all_that_it_counts(workspace: Workspace) -> None:
    mission = make_mission(workspace, finished_at=timezone.now() - LATER)
    fields = {"origin": "mission", "key": str(mission.pk), "mission": mission, "reported": 2}
    assert swept(group_of(workspace, arrived=1, expected=2, age=LATER, **fields)).alarm_at is not None


def test_many_open_uploads_are_swept_in_a_few_statements(
    workspace: Workspace, django_assert_max_num_queries: Any
) -> None:
    moment = timezone.now()
    MediaGroup.objects.bulk_create(
        MediaGroup(workspace=workspace, origin="pilot", key=f"{n}", expected=2, changed_at=moment) for n in range(1000)
    )
    with django_assert_max_num_queries(8):
        groups.sweep()


def test_the_dock_is_asked_to_send_them_first(workspace: Workspace, operator: User) -> None:
    mission = make_mission(workspace)
    group = group_of(
        workspace, arrived=0, expected=2, age=LATER, origin="mission", key=str(mission.pk), mission=mission
    )
    command = dock.prioritize(group, user=operator)
    assert (command.method, command.data) == ("upload_flighttask_media_prioritize", {"flight_id": str(mission.pk)})
    with pytest.raises(Forbidden):
        dock.prioritize(group, user=make_user(workspace, Role.PILOT))


def test_nobody_is_asked_who_cannot_answer(workspace: Workspace, operator: User) -> None:
    offline = make_mission(workspace, make_dock(workspace))
    group = group_of(
        workspace, arrived=0, expected=2, age=LATER, origin="mission", key=str(offline.pk), mission=offline
    )
    with pytest.raises(dock.CannotPrioritize):
        dock.prioritize(group, user=operator)
    with pytest.raises(dock.CannotPrioritize):
        dock.prioritize(group_of(workspace, arrived=0, expected=2, age=LATER), user=operator)
    assert not Command.objects.exists()
