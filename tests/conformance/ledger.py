"""What is done inside the live installation, through `manage.py shell`, and how it is asked for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.live import LiveFleet

Json = dict[str, Any]


def call(fleet: LiveFleet, function: str, entries: list[Any]) -> Any:
    """Call a function of this file inside `fleet`; the list goes by file, command lines are short."""
    file = fleet.directory / f"conformance-{function}.json"
    file.write_text(json.dumps(entries))
    return fleet.query(f"from tests.conformance import ledger\nanswer = ledger.{function}({str(file)!r})")


def register(run: str, wanted: dict[str, tuple[str, str]]) -> Json:
    """Register gateways {serial: (model key, product)} in a new workspace: its id and code, their passwords."""
    from devices.services import gateways
    from fleet.models import Workspace

    workspace = Workspace.objects.create(name=f"Conformance {run}")
    passwords = {}
    for sn, (key, product) in wanted.items():
        device, passwords[sn] = gateways.add(workspace, sn, kind=int(key[0]), callsign=product, model_key=key)
        if device.product != product:
            raise ValueError(f"model {key} is product {device.product}, not {product}")
    return {"organisation": str(workspace.pk), "code": workspace.bind_code, "passwords": passwords}


def expect(file: str) -> int:
    """Write commands that are on the wire: [{sn, channel, method, tid, bid, data}]. Returns how many."""
    from django.utils import timezone

    from devices.models import Command, CommandStatus, Device

    entries: list[Json] = json.loads(Path(file).read_text())
    devices = {device.sn: device for device in Device.objects.filter(sn__in={entry["sn"] for entry in entries})}
    now = timezone.now()
    rows = Command.objects.bulk_create(
        Command(
            workspace_id=devices[entry["sn"]].workspace_id,
            device=devices[entry["sn"]],
            **{name: entry[name] for name in ("channel", "method", "tid", "bid", "data")},
            status=CommandStatus.SENT,
            published_at=now,
            deadline=now + timedelta(minutes=10),
            actor="conformance",
        )
        for entry in entries
    )
    return len(rows)


def replied(file: str) -> dict[str, Json]:
    """What became of the commands with these tids."""
    from devices.models import Command

    tids: list[str] = json.loads(Path(file).read_text())
    rows = Command.objects.filter(tid__in=tids).values("tid", "status", "output", "replied_at")
    return {row["tid"]: {**row, "replied_at": row["replied_at"] is not None} for row in rows}


def ask(file: str) -> list[Json]:
    """Issue services [{sn, method, data}] as the console does: for each its tid, or why it was refused."""
    from devices.models import Device
    from devices.services import commands

    entries: list[Json] = json.loads(Path(file).read_text())
    devices = {device.sn: device for device in Device.objects.filter(sn__in={entry["sn"] for entry in entries})}
    answers: list[Json] = []
    for entry in entries:
        try:
            row = commands.issue(devices[entry["sn"]], entry["method"], entry["data"], user=None, confirmed=True)
        except commands.CommandRefused as refusal:
            answers.append({"refused": refusal.reason, "text": refusal.message, "errors": sorted(refusal.errors)})
        else:
            answers.append({"tid": row.tid})
    return answers


def direct(file: str) -> list[Json]:
    """Build direct control messages [{sn, product, method, data}]: for each its envelope, or why not."""
    from devices.models import Command, Device
    from devices.services import commands, validation
    from fleet.protocol import methods

    answers: list[Json] = []
    for entry in json.loads(Path(file).read_text()):
        declared = methods.find("drc/down", entry["method"], entry["product"])
        if declared is None:
            answers.append({"refused": "unknown_method", "text": "not in the catalogue", "errors": []})
            continue
        try:
            validation.check(declared.fields, entry["data"])
        except validation.InvalidData as error:
            answers.append({"refused": "invalid", "text": str(error), "errors": sorted(error.errors)})
            continue
        device = Device(sn=entry["sn"])
        row = Command(device=device, channel="drc/down", method=entry["method"], data=entry["data"])
        answers.append({"envelope": commands.envelope(row)})
    return answers


def rejected(serials: list[str]) -> list[Json]:
    """The reject log's lines about these serials."""
    from devices.models import RejectedMessage

    rows = RejectedMessage.objects.filter(sn__in=serials).order_by("pk")
    return [dict(row) for row in rows.values("topic", "sn", "reason", "detail", "head")]
