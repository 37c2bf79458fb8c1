"""What a name says: kind, lens, and which files show one thing."""

from __future__ import annotations

import pytest

from media.models import Kind
from media.services.library import names

ROOT = "w/media/"


def read(name: str, *, folder: str = "flight1", path: str = "", sub: int | None = 0) -> names.Said:
    return names.read(name, f"{ROOT}{folder}/{name}".replace("//", "/"), path, sub, ROOT)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DJI_20260921133320_0001_W.JPG", Kind.PHOTO),
        ("a.jpeg", Kind.PHOTO),
        ("DJI_20260921133320_0001_V.MP4", Kind.VIDEO),
        ("speech.mp3", Kind.AUDIO),
        ("DJI_20260921133320_0001.MRK", Kind.PPK),
        ("rover.RTK", Kind.PPK),
        ("notes.txt", Kind.OTHER),
        ("no ending", Kind.OTHER),
        ("", Kind.OTHER),
        ("../../etc/passwd.jpg", Kind.PHOTO),
    ],
)
def test_kinds(name: str, kind: Kind) -> None:
    assert read(name).kind == kind


@pytest.mark.parametrize(
    ("name", "lens"),
    [
        ("DJI_20260921133320_0001_T.JPG", "T"),
        ("DJI_20260921133320_0001_Z_Waypoint1.JPG", "Z"),
        ("DJI_20260921133320_0001_MS_NIR.TIF", "MS_NIR"),
        ("dji_20260921133320_0001_w.jpg", "W"),
        ("DJI_0001.JPG", ""),
        ("DJI_20260921133320_0001_Waypoint1.JPG", ""),
    ],
)
def test_lenses(name: str, lens: str) -> None:
    assert read(name).lens == lens


def test_the_lenses_of_one_shot_are_one_stack_and_the_next_shot_is_another() -> None:
    thermal, visible = read("DJI_20260921133320_0001_T.JPG"), read("DJI_20260921133320_0001_V.JPG")
    assert thermal.stack == visible.stack != ""
    assert read("DJI_20260921133322_0002_V.JPG").stack != visible.stack
    assert read("DJI_20260921133320_0001_V.JPG", folder="flight2").stack != visible.stack
    assert (
        read("DJI_20260921133320_0001_V.MP4").stack != visible.stack
    )  # the film of the same second is no picture of it


def test_the_tiles_of_a_panorama_are_one_stack() -> None:
    first, second = (read(f"DJI_000{n}.JPG", folder="flight1/pano7", sub=1) for n in (1, 2))
    assert first.stack == second.stack != ""
    assert first.is_panorama
    assert read("DJI_0001.JPG", folder="flight1/pano8", sub=1).stack != first.stack


def test_a_dock_says_no_type_but_names_the_folder() -> None:
    assert read("DJI_0001.JPG", folder="flight1/DJI_0007_PANO", sub=None).is_panorama


def test_what_lies_in_the_workspaces_own_folder_lies_together_by_chance() -> None:
    assert read("DJI_0001.JPG", folder="", sub=1).stack == ""
    assert read("DJI_0001.JPG", folder="", sub=1, path="PANORAMA/100").stack != ""
