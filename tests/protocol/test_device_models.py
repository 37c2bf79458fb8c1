"""The list of device models against the facts of the protocol."""

from __future__ import annotations

import pytest

from fleet.protocol import device_models, methods
from fleet.protocol.device_models import DeviceModel, Domain


def model(key: str) -> DeviceModel:
    found = device_models.find(key)
    assert found is not None, key
    return found


def test_one_number_names_an_aircraft_and_a_camera() -> None:
    assert (model("0-99-0").name, model("0-99-0").domain) == ("Matrice 4E", Domain.AIRCRAFT)
    assert (model("1-99-0").name, model("1-99-0").domain) == ("Matrice 4TD camera", Domain.PAYLOAD)
    assert model("0-89-0").name == "Matrice 350 RTK"
    assert model("1-89-0").name == "Matrice 4T camera"
    assert model("0-67-0").name == "Matrice 30"
    assert model("1-67-0").name == "Mavic 3T camera"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("0-60-0", "Matrice 300 RTK"),
        ("0-67-1", "Matrice 30T"),
        ("0-77-0", "Mavic 3E"),
        ("0-77-1", "Mavic 3T"),
        ("0-77-2", "Mavic 3M"),
        ("0-77-3", "Mavic 3TA"),
        ("0-91-0", "Matrice 3D"),
        ("0-91-1", "Matrice 3TD"),
        ("0-99-1", "Matrice 4T"),
        ("0-100-0", "Matrice 4D"),
        ("0-100-1", "Matrice 4TD"),
        ("0-103-0", "Matrice 400"),
        ("1-20-0", "Zenmuse Z30"),
        ("1-26-0", "Zenmuse XT2"),
        ("1-39-0", "FPV camera"),
        ("1-42-0", "Zenmuse H20"),
        ("1-43-0", "Zenmuse H20T"),
        ("1-61-0", "Zenmuse H20N"),
        ("1-82-0", "Zenmuse H30"),
        ("1-83-0", "Zenmuse H30T"),
        ("1-84-0", "Zenmuse L2"),
        ("1-88-0", "Matrice 4E camera"),
        ("1-98-0", "Matrice 4D camera"),
        ("1-129-0", "Mavic 3TA camera"),
        ("1-165-0", "Dock camera"),
        ("1-176-0", "Assist camera"),
    ],
)
def test_names(key: str, name: str) -> None:
    assert model(key).name == name
    assert model(key).product is None


@pytest.mark.parametrize(
    ("key", "name", "product"),
    [
        ("2-56-0", "Smart Controller Enterprise", "rc"),
        ("2-119-0", "RC Plus", "rc"),
        ("2-144-0", "RC Pro Enterprise", "rc-pro"),
        ("2-174-0", "RC Plus 2", "dji-rc-plus-2"),
        ("3-1-0", "Dock", "dock1"),
        ("3-2-0", "Dock 2", "dock2"),
        ("3-3-0", "Dock 3", "dock3"),
    ],
)
def test_gateways_know_their_product(key: str, name: str, product: str) -> None:
    assert (model(key).name, model(key).product) == (name, product)
    assert methods.for_product(product, "status")


def test_every_product_of_the_catalogue_has_a_gateway() -> None:
    assert {m.product for m in device_models.all_models() if m.product} == set(methods.PRODUCTS)
    for one in device_models.all_models():
        assert (one.product is not None) == (one.domain in (Domain.REMOTE, Domain.DOCK))
        assert (one.properties is None) == (one.domain is Domain.PAYLOAD)


def test_keys_agree_with_their_numbers_and_are_sorted() -> None:
    models = device_models.all_models()
    assert len(models) >= 48
    for one in models:
        assert one.key == device_models.key_of(one.domain, one.type, one.sub_type)
        assert one.name.isascii()
    numbers = [(m.domain, m.type, m.sub_type) for m in models]
    assert numbers == sorted(set(numbers))


def test_keys_from_numbers_and_from_text() -> None:
    assert device_models.key_of(0, 99, 1) == "0-99-1"
    assert device_models.key_of("0", "99", "1") == "0-99-1"
    assert device_models.key_of("3", 3) == "3-3-0"
    assert device_models.key_of(2, 174, None) == "2-174-0"
    with pytest.raises(ValueError, match="invalid literal"):
        device_models.key_of("dock", 1)


@pytest.mark.parametrize(
    "key", [None, "", "0", "0-99", "0-99-7", "9-99-0", "a-b-c", "0-99-0-0", "--", "-1-2-3", "0-\u0000-0"]
)
def test_the_unknown_is_none(key: str | None) -> None:
    assert device_models.find(key) is None


def test_sub_types_that_mean_any_or_unknown() -> None:
    assert model("1-50-65535").name == "Zenmuse P1"
    assert model("1-83-65534").name == "Zenmuse H30T"
    assert model("0-77-65535").name == "Mavic 3E"
    assert device_models.find("1-12345-65535") is None


def test_cameras_by_payload_index() -> None:
    assert device_models.camera_name("98-0-0") == "Matrice 4D camera"
    assert device_models.camera_name("39-0-7") == "FPV camera"
    assert device_models.camera_name("165-0-7") == "Dock camera"
    assert device_models.camera_name("176-0-0") == "Assist camera"
    assert device_models.camera_name("83-0-2") == "Zenmuse H30T"
    found = device_models.camera_of("99-0-0")
    assert found is not None and found.domain is Domain.PAYLOAD


def test_an_unknown_camera_is_shown_as_it_came() -> None:
    assert device_models.camera_name("4711-0-0") == "4711-0-0"
    assert device_models.camera_name("front") == "front"
    assert device_models.camera_name(None) == ""
    assert device_models.camera_of("98-0-0-0") is None
    assert device_models.camera_of(None) is None


def test_cameras_by_their_numbers() -> None:
    for found in (
        device_models.find_camera(98, 0),
        device_models.find_camera("98", "0", "2"),
        device_models.find_camera(98, 65535),
        device_models.find_camera("98"),
    ):
        assert found is not None and found.name == "Matrice 4D camera"
    assert device_models.find_camera("x", 0) is None
