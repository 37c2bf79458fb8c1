"""Cameras that surveys are computed for: the wide (or only) lens of each.

The figures were written down from memory of the makers' data sheets and have not been checked against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.protocol import device_models
from waylines.wpml.errors import PlanError
from waylines.wpml.errors import gettext_noop as _
from waylines.wpml.plan_fields import Fields


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera and lens: sensor and focal length in millimetres, picture in pixels, wide side first.

    `key` is the payload's model key and `drone_key` an aircraft that carries it; both are empty for a camera described
    by hand. `shortest_interval` is the time between two photos that it can keep up (s).
    """

    key: str
    name: str
    drone_key: str
    sensor_width: float
    sensor_height: float
    focal_length: float
    image_width: int
    image_height: int
    shortest_interval: float = 1.0

    def footprint(self, height: float) -> tuple[float, float]:
        """Metres of ground across and along the picture from this height."""
        scale = height / self.focal_length
        return self.sensor_width * scale, self.sensor_height * scale

    def ground_sample(self, height: float) -> float:
        """Centimetres of ground per pixel, the coarser of the two directions."""
        across, along = self.footprint(height)
        return max(across / self.image_width, along / self.image_height) * 100.0

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, data: Any, path: str = "camera") -> Camera:
        """A camera by its model key, or described by hand. Raises PlanError."""
        if isinstance(data, str):
            return camera_of(data, path)
        fields = Fields(data, path)
        camera = cls(
            key=fields.text("key"),
            name=fields.text("name"),
            drone_key=fields.text("drone_key"),
            sensor_width=fields.number("sensor_width", 1, 100),
            sensor_height=fields.number("sensor_height", 1, 100),
            focal_length=fields.number("focal_length", 1, 1000),
            image_width=fields.whole("image_width", 4000, 100, 100_000),
            image_height=fields.whole("image_height", 3000, 100, 100_000),
            shortest_interval=fields.number("shortest_interval", 0.1, 60),
        )
        fields.done()
        return camera


_Lens = tuple[float, float, float, int, int]
_FOUR_THIRDS: _Lens = (17.3, 13.0, 12.29, 5280, 3956)
_HALF_INCH: _Lens = (6.4, 4.8, 4.5, 4000, 3000)
_HALF_INCH_FINE: _Lens = (6.4, 4.8, 4.4, 8000, 6000)
_LARGER: _Lens = (9.6, 7.2, 6.72, 8064, 6048)


def _camera(key: str, drone_key: str, lens: _Lens, interval: float) -> Camera:
    model = device_models.find(key)
    return Camera(key, model.name if model else key, drone_key, *lens, interval)


#: Wide cameras by their payload's model key.
CAMERAS: Mapping[str, Camera] = {
    camera.key: camera
    for camera in (
        _camera("1-50-0", "0-89-0", (35.9, 24.0, 35.0, 8192, 5460), 0.7),
        _camera("1-52-0", "0-67-0", _HALF_INCH, 1.0),
        _camera("1-53-0", "0-67-1", _HALF_INCH, 1.0),
        _camera("1-66-0", "0-77-0", _FOUR_THIRDS, 0.7),
        _camera("1-67-0", "0-77-1", _HALF_INCH_FINE, 2.0),
        _camera("1-68-0", "0-77-2", _FOUR_THIRDS, 0.7),
        _camera("1-129-0", "0-77-3", _HALF_INCH_FINE, 2.0),
        _camera("1-80-0", "0-91-0", _FOUR_THIRDS, 0.7),
        _camera("1-81-0", "0-91-1", _LARGER, 2.0),
        _camera("1-88-0", "0-99-0", _FOUR_THIRDS, 0.5),
        _camera("1-89-0", "0-99-1", _LARGER, 0.7),
        _camera("1-98-0", "0-100-0", _FOUR_THIRDS, 0.5),
        _camera("1-99-0", "0-100-1", _LARGER, 0.7),
    )
}


def camera_of(key: str, path: str = "camera") -> Camera:
    """The camera of a payload. Raises PlanError for one we have no data of."""
    found = CAMERAS.get(key)
    if found is None:
        raise PlanError(
            path, "unknown_camera", _("There are no data of the camera “%(key)s”: describe it by hand."), key=key[:40]
        )
    return found
