"""The same announcement at the same moment stores one file, on every database."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from fleet.models import Workspace
from media.models import MediaFile, MediaGroup, RefusedUpload
from media.services.library.announce import Refused, Sender, announced
from tests.factories import make_workspace
from tests.media.library.files import body, key_of

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8


def at_once(calls: list[tuple[Workspace, dict[str, Any]]]) -> list[Any]:
    """Each call on a thread of its own, started together; what each returned or raised."""
    gate = threading.Barrier(len(calls))
    found: list[Any] = [None] * len(calls)

    def run(number: int, workspace: Workspace, said: dict[str, Any]) -> None:
        try:
            gate.wait(10)
            found[number] = announced(Sender(workspace, name="race"), said).pk
        except Exception as error:
            found[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, *call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_the_same_callback_at_the_same_moment() -> None:
    workspace = make_workspace()
    said = body(workspace, ext={"file_group_id": "g"})
    found = at_once([(workspace, said)] * AT_ONCE)
    assert len(set(found)) == 1, found
    assert isinstance(found[0], int)
    assert (MediaFile.objects.count(), MediaGroup.objects.count()) == (1, 1)


def test_the_same_bytes_under_different_keys_at_the_same_moment() -> None:
    workspace = make_workspace()
    calls = [(workspace, body(workspace, f"{number}.JPG", fingerprint="same")) for number in range(AT_ONCE)]
    found = at_once(calls)
    assert len(set(found)) == 1, found
    assert MediaFile.objects.count() == 1


def test_of_a_stack_that_comes_at_once_one_leads() -> None:
    workspace = make_workspace()
    names = [f"f/DJI_20260921133320_0001_{lens}.JPG" for lens in "VTZWSDNK"]
    found = at_once([(workspace, body(workspace, name)) for name in names])
    assert len(set(found)) == len(names), found
    assert MediaFile.objects.filter(lead=True).count() == 1


def test_refusals_at_once_are_one_row_that_counts() -> None:
    workspace = make_workspace()
    said = body(workspace, object_key=key_of(make_workspace(), "a.JPG"), name="a.JPG")
    found = at_once([(workspace, said)] * AT_ONCE)
    assert all(isinstance(error, Refused) for error in found), found
    assert list(RefusedUpload.objects.values_list("count", flat=True)) == [AT_ONCE]
