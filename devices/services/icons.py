"""How a remote draws each device: its own icon, else that of its model in this workspace, else ours."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.templatetags.static import static

from devices.models import Device
from devices.models.device import Domain
from fleet.models import ModelIcon
from fleet.models.pilot_settings import validate_icon_url

_OURS = {Domain.AIRCRAFT: "aircraft", Domain.REMOTE: "remote", Domain.DOCK: "dock"}


@dataclass(frozen=True, slots=True)
class IconPair:
    """Two addresses that Pilot loads by itself."""

    normal: str
    selected: str


class Icons:
    """The icons of one workspace; asks the database once, so lists stay cheap."""

    def __init__(self, workspace_id: UUID) -> None:
        rows = ModelIcon.objects.filter(workspace_id=workspace_id).select_related("normal", "selected")
        self._models = {row.model_key: row for row in rows.defer("normal__image", "selected__image")}

    def of(self, device: Device) -> IconPair:
        """An address that Pilot could not load is passed over."""
        normal, selected = _usable(device.icon_normal), _usable(device.icon_selected)
        if not normal and (row := self._models.get(device.model_id or "")):
            normal, selected = row.address, selected or row.selected_address
        if not normal:
            sort = _OURS.get(Domain(device.domain), "aircraft") if device.domain in _OURS else "aircraft"
            normal = static(f"icons/{sort}-normal.png")
            selected = selected or static(f"icons/{sort}-selected.png")
        return IconPair(_absolute(normal), _absolute(selected or normal))


def _usable(url: str) -> str:
    try:
        validate_icon_url(url)
    except ValidationError:
        return ""
    return url


def _absolute(url: str) -> str:
    return f"{settings.PUBLIC_URL}{url}" if url.startswith("/") else url
