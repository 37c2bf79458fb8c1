"""What a device's page shows and keeps up to date: one small template and one function for each part of it.

Each function takes a device (with `model` and `gateway__model` at hand) and makes the same few queries
whatever the device says of itself. The page and the live connection paint with the same templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from devices.models import Command, CommandStatus, Device, DeviceState, LoggedMessage
from devices.models.device import Domain
from devices.services.masking import masked
from fleet.protocol import errors, methods, properties
from fleet.protocol.describe import Reading, describe

Context = dict[str, Any]

#: Rows of the ledger and of the message log on a device's page; their own pages have the rest.
ROWS = 20
#: What else one looks for first, where a device says it.
_ALSO = ("drone_in_dock", "cover_state", "drone_charge_state", "wind_speed", "rainfall", "storage", "firmware_version")


@dataclass(frozen=True, slots=True)
class Row:
    """One line for people. `anchor` stays the same from one painting to the next."""

    label: str
    value: str
    unit: str = ""
    anchor: str = ""
    known: bool = True
    rows: tuple[Row, ...] = ()


def state_of(device: Device) -> DeviceState | None:
    """The latest state, None when the device has said nothing yet."""
    return device.state if hasattr(device, "state") else None


def readings(device: Device, state: Mapping[str, Any]) -> list[Reading]:
    """A state of this device in words, without its secrets."""
    gateway = device if device.is_gateway else device.gateway
    known = properties.for_model(device.model_id, gateway.product if gateway else None)
    return describe(known, masked(state))


def mode_text(device: Device, summary: Mapping[str, Any]) -> str:
    """What the device is doing, in words; "" when it did not say."""
    if "mode" not in summary:
        return ""
    return _row(readings(device, {"mode_code": summary["mode"]})[0]).value


def raw_state(device: Device) -> str:
    """The latest state as JSON, without its secrets."""
    state = state_of(device)
    return pretty(state.properties) if state else ""


def pretty(value: Any) -> str:
    """Any JSON as people read it, without its secrets."""
    return json.dumps(masked(value), indent=2, ensure_ascii=False, sort_keys=isinstance(value, dict))


def summary_context(device: Device) -> Context:
    """The few things one looks for first."""
    state = state_of(device)
    summary = state.summary if state else {}
    rows = [Row(_("Serial number"), device.sn), Row(_("Model"), device.model_name)]
    if mode := mode_text(device, summary):
        rows.append(Row(_("State"), mode))
    if "battery" in summary:
        rows.append(Row(_("Battery"), str(summary["battery"]), "%"))
    if "lat" in summary:
        rows.append(Row(_("Position"), f"{summary['lat']:.6f}, {summary['lon']:.6f}"))
    for key, label, unit in (
        ("height", _("Height above the ellipsoid"), "m"),
        ("elevation", _("Height above take-off"), "m"),
        ("speed", _("Speed"), "m/s"),
        ("climb", _("Climb"), "m/s"),
        ("heading", _("Heading"), "°"),
        ("home_distance", _("Distance from home"), "m"),
    ):
        if key in summary:
            rows.append(Row(label, f"{summary[key]:.1f}", unit))
    said = state.properties if state else {}
    for key in _ALSO:
        if key in said:
            rows.append(_in_one(_row(readings(device, {key: said[key]})[0])))
    return {"device": device, "state": state, "summary": summary, "rows": rows}


def _in_one(row: Row) -> Row:
    """A row with parts as one line: "Used 3 GB · Total 60 GB"."""
    if not row.rows:
        return row
    parts = (f"{part.label} {part.value} {part.unit}".strip() for part in row.rows if not part.rows)
    return replace(row, value=" · ".join(parts), unit="", rows=())


def telemetry_context(device: Device) -> Context:
    """What the device said of itself: single values, then what has parts, then what no page explains."""
    state = state_of(device)
    found = readings(device, state.properties) if state else []
    single = [_row(reading) for reading in found if reading.known and not reading.children]
    grouped = [_row(reading) for reading in found if reading.known and reading.children]
    unknown = [_row(reading) for reading in found if not reading.known]
    return {"device": device, "state": state, "single": single, "grouped": grouped, "unknown": unknown}


def topology_context(device: Device) -> Context:
    """The gateway and all that hangs on it."""
    top = device if device.is_gateway else device.gateway_id or device.pk
    top_id = top.pk if isinstance(top, Device) else top
    members = list(
        Device.objects.filter(Q(pk=top_id) | Q(gateway_id=top_id), workspace_id=device.workspace_id)
        .select_related("model", "state", "gateway__model")
        .defer("state__properties", "state__stamps")
        .order_by("-domain", "index", "sn")
    )
    members.sort(key=lambda member: member.pk != top_id)
    links = []
    for member in members:
        state = state_of(member)
        summary = state.summary if state else {}
        links.append(
            {
                "device": member,
                "url": reverse("admin:devices_device_change", args=[member.pk]),
                "mode": mode_text(member, summary),
                "battery": summary.get("battery"),
                "here": member.pk == device.pk,
                "below": member.pk != top_id,
            }
        )
    return {
        "device": device,
        "links": links,
        "lonely": device.domain == Domain.AIRCRAFT and device.gateway_id is None,
    }


def commands_context(device: Device) -> Context:
    """The newest of the ledger. What an aircraft is told goes to, and stands with, its gateway."""
    gateway = device if device.is_gateway else device.gateway
    rows = (
        Command.objects.filter(device_id=gateway.pk if gateway else device.pk)
        .select_related("user", "device__model")
        .defer("data", "output")[:ROWS]
    )
    lines = [
        {
            "command": command,
            "label": command_label(command),
            "tone": tone(command.status),
            "url": reverse("admin:devices_command_change", args=[command.pk]),
        }
        for command in rows
    ]
    every = reverse("admin:devices_command_changelist") + (f"?q={gateway.sn}" if gateway else "")
    return {"device": device, "gateway": gateway, "lines": lines, "all_url": every}


def messages_context(device: Device) -> Context:
    """The newest of the message log."""
    listed = reverse("admin:devices_loggedmessage_changelist")
    lines = [
        {
            "message": message,
            "url": reverse("admin:devices_loggedmessage_change", args=[message.pk]),
            "tid_url": f"{listed}?q={message.tid}",
        }
        for message in LoggedMessage.objects.filter(device_id=device.pk).defer("payload")[:ROWS]
    ]
    return {"device": device, "lines": lines, "all_url": f"{listed}?q={device.sn}"}


def command_context(command: Command) -> Context:
    """A command and what became of it."""
    declared = methods.find(command.channel, command.method, command.device.product)
    listed = reverse("admin:devices_loggedmessage_changelist")
    text = command.result_text or (errors.text(command.result) if command.result else "")
    return {
        "command": command,
        "device": command.device,
        "device_url": reverse("admin:devices_device_change", args=[command.device_id]),
        "label": command_label(command),
        "status": CommandStatus(command.status).label,
        "tone": tone(command.status),
        "progress": 100 if command.status == CommandStatus.OK else command.progress,
        "waits": declared is not None and declared.progress,
        "result_text": text,
        "timeline": [
            (_("Asked"), command.created_at),
            (_("Sent"), command.published_at),
            (_("Answered"), command.replied_at),
            (_("Ended"), command.finished_at),
        ],
        "who": str(command.user) if command.user else command.actor,
        "data": pretty(command.data),
        "output": pretty(command.output) if command.output else "",
        "tid_url": f"{listed}?q={command.tid}",
        "bid_url": f"{listed}?q={command.bid}",
    }


def command_label(command: Command) -> str:
    """The method in words; its own name when no page explains it."""
    declared = methods.find(command.channel, command.method, command.device.product)
    return _(declared.label) if declared else command.method


def tone(status: str) -> str:
    """Which colour a status has: good, bad, busy or unsure."""
    if status == CommandStatus.OK:
        return "good"
    if status in (CommandStatus.FAILED, CommandStatus.REJECTED):
        return "bad"
    return "unsure" if status in (CommandStatus.TIMEOUT, CommandStatus.CANCELED) else "busy"


def _row(reading: Reading) -> Row:
    # What is no text of the device's own is a word of ours and has translations; "" would find a header.
    ours = reading.text and not isinstance(reading.raw, str)
    return Row(
        label=_(reading.label) if reading.known and reading.label else reading.label,
        value=_(reading.text) if ours else reading.text,
        unit=reading.unit,
        anchor="r-" + re.sub(r"[^A-Za-z0-9_.-]", "-", reading.path),
        known=reading.known,
        rows=tuple(_row(child) for child in reading.children),
    )


#: target (the id of the element on the page) → its template and what fills it
PARTIALS: Mapping[str, tuple[str, Callable[[Device], Context]]] = {
    "live-summary": ("console/partials/summary.html", summary_context),
    "live-telemetry": ("console/partials/telemetry.html", telemetry_context),
    "live-topology": ("console/partials/topology.html", topology_context),
    "live-commands": ("console/partials/commands.html", commands_context),
    "live-messages": ("console/partials/messages.html", messages_context),
}
