"""What is fixed per kind of gateway: its model, its aircraft, its cameras.

Model numbers: page "Product support" of the Cloud API (domain-type-subtype; cameras: type-subtype-gimbal
index).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of gateway with the aircraft that comes with it."""

    kind: str
    product: str  # the catalogue's name
    name: str
    model_key: str
    aircraft_name: str
    aircraft_key: str
    camera: str
    assist_camera: str
    firmware: str
    aircraft_firmware: str
    thermal: bool

    @property
    def is_dock(self) -> bool:
        """Docks bind themselves over MQTT; remotes are bound by the page inside Pilot."""
        return self.model_key.startswith("3-")


DOCK_CAMERA = "165-0-7"

PROFILES: dict[str, Profile] = {
    profile.kind: profile
    for profile in (
        Profile(
            kind="dock3",
            product="dock3",
            name="Dock 3",
            model_key="3-3-0",
            aircraft_name="M4TD",
            aircraft_key="0-100-1",
            camera="99-0-0",
            assist_camera="176-0-0",
            firmware="14.03.00.03",
            aircraft_firmware="14.03.00.03",
            thermal=True,
        ),
        Profile(
            kind="dock2",
            product="dock2",
            name="Dock 2",
            model_key="3-2-0",
            aircraft_name="M3TD",
            aircraft_key="0-91-1",
            camera="81-0-0",
            assist_camera="176-0-0",
            firmware="14.03.07.01",
            aircraft_firmware="14.03.07.01",
            thermal=True,
        ),
        Profile(
            kind="rc-plus-2",
            product="dji-rc-plus-2",
            name="RC Plus 2",
            model_key="2-174-0",
            aircraft_name="M4E",
            aircraft_key="0-99-0",
            camera="88-0-0",
            assist_camera="39-0-7",
            firmware="01.41.02.06",
            aircraft_firmware="12.00.01.06",
            thermal=False,
        ),
    )
}


def numbers(model_key: str) -> tuple[int, int, int]:
    """(domain, type, sub_type) of a model key."""
    domain, kind, sub_kind = model_key.split("-")
    return int(domain), int(kind), int(sub_kind)
