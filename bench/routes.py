"""Route files: a large one from its bytes to its painted page, and how soon a zip bomb is refused.

`python -m bench.routes` measures this part alone.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.clock import milliseconds

if TYPE_CHECKING:
    from tests.live import LiveFleet

POINTS = 2_000
SIZE = 3_000_000
_ROUNDS = 10


def measure(fleet: LiveFleet) -> dict[str, Any]:
    """The figures, taken in a process of the installation that is measured."""
    return dict(fleet.query("from bench import routes\nanswer = routes.figures()"))


def _milliseconds(work: Callable[[], Any]) -> float:
    return milliseconds(lambda _round: work(), _ROUNDS)


def large() -> bytes:
    """A KMZ of 2,000 points with four actions each, and terrain that makes it 3 MB."""
    from tests.waylines.routes import kmz
    from waylines import wpml

    actions = [{"name": "takePhoto"}] * 4
    points = [{**point, "actions": actions} for point in kmz.spiral(POINTS)]
    entries = dict(wpml.read(kmz.waypoints(points=points)).entries)
    packed = len(kmz.packed(**entries))
    return kmz.packed(**{**entries, "wpmz/res/dsm/terrain.tif": os.urandom(max(0, SIZE - packed))})


def bomb() -> bytes:
    """A gigabyte of zeros."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("wpmz/waylines.wpml", "w") as file:
        for _part in range(1024):
            file.write(bytes(1 << 20))
    return target.getvalue()


def figures() -> dict[str, Any]:
    """Runs inside Django."""
    from django.test import Client
    from django.urls import reverse

    from fleet.models import Membership, Role, User, Workspace
    from waylines import wpml
    from waylines.services.routes import library, reading

    data, hostile = large(), bomb()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        bare = _milliseconds(lambda: [zlib.crc32(archive.read(name)) for name in archive.namelist()])
    workspace = Workspace.objects.create(name="Bench routes")
    user = User.objects.create_user(f"bench-routes-{workspace.pk.hex[:6]}")
    Membership.objects.create(user=user, workspace=workspace, role=Role.OPERATOR)
    route = library.store(workspace, data, name="Large", user=user, source="import")
    browser = Client(headers={"host": "localhost"})
    browser.force_login(user)
    address = reverse("admin:waylines_route_change", args=[route.pk])
    assert browser.get(address).status_code == 200

    def refused() -> None:
        try:
            wpml.read(hostile)
        except wpml.WpmlError as error:
            assert error.reason == "zip_bomb"
            return
        raise AssertionError("the bomb was unpacked")

    read = _milliseconds(lambda: reading.read(data))
    return {
        "route of 2,000 points, MB": round(len(data) / 1e6, 2),
        "read, facts and outline, ms (median)": round(read, 1),
        "unpacking it alone, ms (median)": round(bare, 1),
        "reading against unpacking": round(read / bare, 1),
        "its page, file opened again, ms (median)": round(_milliseconds(lambda: browser.get(address)), 1),
        "zip bomb of 1 GB refused, ms (median)": round(_milliseconds(refused), 2),
    }


def main() -> None:
    import tests.environment  # noqa: F401 - a data directory and a Redis of our own, before Django's settings are read
    from tests.live import running_fleet

    with running_fleet() as fleet:
        for name, value in measure(fleet).items():
            print(f"{name:<60} {value}")


if __name__ == "__main__":
    main()
