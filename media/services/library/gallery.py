"""The gallery: pages of files, newest first, each as quick as the first however many files there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import blake2s
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from devices.models.device import Domain
from fleet.models import Role, User, Workspace
from fleet.protocol import device_models
from fleet.services import access, broadcast
from media.models import MediaFile
from media.services.library import names
from media.services.library.filters import Wanted, rows
from waylines.models import Flight

PAGE = 60
#: So many files go into one archive, or are deleted, at once.
MOST_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Card:
    """A file as the gallery shows it; `others` counts the files that it stands for besides itself."""

    file: MediaFile
    others: int
    lenses: str

    @property
    def lens(self) -> str:
        return lens_name(self.file.lens)

    @property
    def version(self) -> str:
        """Another one whenever the card looks otherwise."""
        file = self.file
        shown = (
            file.name,
            file.kind,
            file.moment,
            file.duration,
            file.mission_id,
            file.aircraft_id,
            file.thumbnail_key,
        )
        return repr((*shown, file.favorite, file.status, file.reason, self.others, self.lenses))


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is where the next page begins, "" at the end."""

    cards: list[Card]
    after: str

    @property
    def versions(self) -> dict[int, str]:
        """What each of its cards looks like, by the file's id."""
        return {card.file.pk: card.version for card in self.cards}

    @property
    def mark(self) -> str:
        """Another one whenever any of its cards is another or looks otherwise."""
        return blake2s(repr(list(self.versions.items())).encode(), digest_size=8).hexdigest()


def page(workspace_id: UUID, want: Wanted, zone: tzinfo, *, after: str = "", size: int = PAGE) -> Page:
    """The files that come after `after`, a place that an earlier page named; nonsense there is the beginning."""
    found = shown(rows(workspace_id, want, zone))
    if place := _place(after):
        moment, pk = place
        # The first condition lets the database seek in the index, the second breaks ties.
        found = found.filter(moment__lte=moment).filter(Q(moment__lt=moment) | Q(pk__lt=pk))
    files = list(found[: size + 1])
    more = len(files) > size
    files = files[:size]
    last = files[-1] if files else None
    return Page(cards(files, single=want.single_files), f"{last.moment.isoformat()}_{last.pk}" if more and last else "")


def shown(found: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
    """In the gallery's order, without what a card does not show."""
    return found.select_related("aircraft", "mission").defer("metadata", "path").order_by("-moment", "-pk")


def news(workspace_id: UUID, want: Wanted, zone: tzinfo, ids: set[int]) -> tuple[list[Card], set[int]]:
    """Of files that changed: the cards as they are now, and the ids that a page with these filters shows no more."""
    changed = dict(MediaFile.objects.filter(workspace_id=workspace_id, pk__in=ids).values_list("pk", "stack"))
    looked_at = set(ids)
    if not want.single_files and (stacks := {stack for stack in changed.values() if stack}):
        leads = MediaFile.objects.filter(workspace_id=workspace_id, stack__in=stacks, lead=True).exclude(stack="")
        looked_at.update(leads.values_list("pk", flat=True))
    files = list(shown(rows(workspace_id, want, zone)).filter(pk__in=looked_at))
    return cards(files, single=want.single_files), looked_at - {file.pk for file in files}


def _place(text: str) -> tuple[datetime, int] | None:
    moment, _underscore, pk = text.partition("_")
    try:
        found = datetime.fromisoformat(moment)
        return (found, int(pk)) if found.tzinfo is not None and len(pk) < 19 else None
    except ValueError:
        return None


def cards(files: Iterable[MediaFile], *, single: bool = False) -> list[Card]:
    """With how many others of its stack each stands for. One query for all."""
    files = list(files)
    stacks = set() if single else {file.stack for file in files if file.stack}
    counts: dict[str, tuple[int, list[str]]] = {}
    if stacks:
        counted = (
            MediaFile.objects.filter(workspace_id=files[0].workspace_id, stack__in=stacks)
            .exclude(stack="")
            .order_by()
            .values("stack", "lens")
            .annotate(n=Count("pk"))
        )
        for line in counted:
            number, lenses = counts.get(line["stack"], (0, []))
            counts[line["stack"]] = (number + line["n"], [*lenses, line["lens"]])
    found = []
    for file in files:
        number, lenses = counts.get(file.stack, (1, [file.lens]))
        letters = "" if file.is_panorama else " ".join(sorted(filter(None, lenses)))
        found.append(Card(file, max(0, number - 1), letters))
    return found


def one(workspace_id: UUID, pk: int) -> MediaFile | None:
    """A file of this workspace with all that is known of it."""
    related = ("aircraft", "gateway", "mission", "flight", "workspace")
    return MediaFile.objects.select_related(*related).filter(workspace_id=workspace_id, pk=pk).first()


def stack(file: MediaFile) -> list[MediaFile]:
    """The files that show the same thing, this one among them: lenses by letter, tiles by name."""
    if not file.stack:
        return [file]
    same = MediaFile.objects.filter(workspace_id=file.workspace_id, stack=file.stack).exclude(stack="")
    return list(same.defer("metadata").order_by("lens", "name", "pk")[:200])


def pair(files: list[MediaFile]) -> tuple[MediaFile, MediaFile] | None:
    """A thermal picture and a visible one of the same shot, the visible one first."""
    there = [file for file in files if file.is_there and file.kind == "photo"]
    thermal = next((file for file in there if file.lens == names.THERMAL), None)
    visible = next((file for lens in ("V", "W", "Z", "D") for file in there if file.lens == lens), None)
    return (visible, thermal) if visible is not None and thermal is not None else None


def with_stacks(workspace_id: UUID, ids: Iterable[int]) -> list[int]:
    """These files of the workspace and all that they stand for, the newest first."""
    chosen = MediaFile.objects.filter(workspace_id=workspace_id, pk__in=list(ids)[:MOST_AT_ONCE])
    found = list(chosen.values_list("moment", "pk", "stack"))
    stacks = {stack for _moment, _pk, stack in found if stack}
    if stacks:
        same = MediaFile.objects.filter(workspace_id=workspace_id, stack__in=stacks).exclude(stack="")
        found += same.values_list("moment", "pk", "stack")
    return [pk for _moment, pk, _stack in sorted(set(found), reverse=True)]


def every(workspace_id: UUID, want: Wanted, zone: tzinfo) -> list[int]:
    """All files that are wanted, with those they stand for; of more than `MOST_AT_ONCE` the newest."""
    ids = list(rows(workspace_id, want, zone).order_by("-moment", "-pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    return ids if want.single_files else with_stacks(workspace_id, ids)[:MOST_AT_ONCE]


def set_favorite(workspace: Workspace, ids: Iterable[int], favorite: bool, *, user: User) -> int:
    """Mark files, or take the mark away. Returns how many changed. Raises `Forbidden` below pilots."""
    access.require(user, workspace, Role.PILOT)
    changed = MediaFile.objects.filter(workspace=workspace, pk__in=list(ids)).exclude(favorite=favorite)
    touched = list(changed.values_list("pk", flat=True))
    MediaFile.objects.filter(pk__in=touched).update(favorite=favorite)
    for pk in touched:
        broadcast.changed(workspace.pk, "media", id=pk)
    return len(touched)


def lens_name(lens: str) -> str:
    """In words; letters that nobody told us of stand for themselves."""
    return str(names.LENSES.get(lens, lens))


def camera_name(key: str) -> str:
    """The camera's name; the key itself of one we never heard of. Some firmware leaves the domain 1 out or says 0."""
    found = device_models.find(key) or device_models.camera_of(key)
    return found.name if found else key


def choices(workspace_id: UUID, want: Wanted) -> dict[str, list[tuple[Any, str]]]:
    """What the filters offer, each as value and label: of flights the last ones, and the one that is asked for."""
    aircraft = Device.objects.filter(workspace_id=workspace_id, domain=Domain.AIRCRAFT)
    mine = Flight.objects.filter(workspace_id=workspace_id).select_related("mission")
    flights = list(mine.order_by("-started_at")[:100])
    if want.flight and all(flight.pk != want.flight for flight in flights):
        flights += mine.filter(pk=want.flight)
    return {
        "aircraft": [(device.pk, str(device)) for device in aircraft],
        "flight": [(flight.pk, _flight_name(flight)) for flight in flights],
        "lens": [(lens, f"{lens} · {name}") for lens, name in names.LENSES.items()],
    }


def _flight_name(flight: Flight) -> str:
    start = timezone.localtime(flight.started_at).strftime("%Y-%m-%d %H:%M")
    return f"{start} · {flight.mission or flight.aircraft_name or flight.aircraft_sn or _('Flight')}"
