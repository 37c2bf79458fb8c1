"""What a dock's aircraft has photographed, and its way into the bucket (page "Media management")."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.simulator.commands import Outcome, service, standard
from fleet.simulator.photographs import Shot, can_film, film, photograph
from fleet.simulator.storage import Storage, UploadFailed, content_type

if TYPE_CHECKING:
    from fleet.simulator.gateway import SimulatedGateway
    from fleet.simulator.messages import Message

log = logging.getLogger(__name__)

MEDIA = 0  # `module` of storage_config_get
WAYLINE, COMMANDED = 0, 1  # `flight_type`
WAITS = (5.0, 10.0, 30.0, 60.0)  # seconds before the next try
TRIES = 5


@dataclass
class MediaFile:
    """One file on the aircraft. `content` is made when it is needed, unless somebody put it there."""

    flight_id: str
    name: str
    shot: Shot
    flight_type: int = WAYLINE
    content: bytes | None = None
    tries: int = 0
    object_key: str = ""

    def read(self) -> bytes:
        """The bytes of the file."""
        if self.content is None:
            self.content = film(self.shot) if self.name.endswith(".MP4") else photograph(self.shot)
        return self.content


@dataclass
class FlightMedia:
    """The files of one flight: those that wait, how many there were, how many have arrived, and which never will."""

    flight_id: str
    waiting: deque[MediaFile] = field(default_factory=deque)
    expected: int = 0
    uploaded: int = 0
    lost: list[MediaFile] = field(default_factory=list)


class Media:
    """The camera's storage of one dock. `flights` in the order in which they are uploaded; `uploaded` are the files
    that the cloud has confirmed; `storage` what the cloud has given, kept until it ends or the dock restarts.
    """

    def __init__(self, gateway: SimulatedGateway) -> None:
        self.gateway = gateway
        self.flights: dict[str, FlightMedia] = {}
        self.uploaded: list[MediaFile] = []
        self.storage: Storage | None = None
        self.number = 0
        self._failures = 0

    @property
    def remaining(self) -> int:
        """Files that wait."""
        return sum(len(flight.waiting) for flight in self.flights.values())

    # -- taking --------------------------------------------------------------------------------------------

    def shoot(self, flight_id: str, lenses: Sequence[str] = (), *, flight_type: int = WAYLINE) -> int:
        """Take a picture with each lens (with all, when none is named); returns how many files that made."""
        if not lenses:
            lenses = ("V", "T") if self.gateway.profile.thermal else ("V",)
        self.number += 1
        names = [lens for lens in lenses if lens in "VZT"]
        return sum(self._keep(flight_id, self.shot(lens), "JPG", flight_type) for lens in names)

    def film(self, flight_id: str) -> int:
        """Film a second; returns how many files that made: none where there is no ffmpeg."""
        if not can_film():
            return 0
        self.number += 1
        return self._keep(flight_id, self.shot("V"), "MP4", WAYLINE)

    def add(self, flight_id: str, name: str, content: bytes) -> MediaFile:
        """Put any bytes under any name among the files of a flight, as no camera would."""
        self.number += 1
        file = MediaFile(flight_id, name, self.shot("V"), content=content)
        self._of(flight_id).waiting.append(file)
        self._of(flight_id).expected += 1
        self.gateway.signal.notify()
        return file

    def _keep(self, flight_id: str, shot: Shot, suffix: str, flight_type: int) -> int:
        flight = self._of(flight_id)
        if flight.expected >= self.gateway.behaviour.media_limit:
            return 0
        flight.waiting.append(MediaFile(flight_id, shot.name(suffix), shot, flight_type))
        flight.expected += 1
        return 1

    def _of(self, flight_id: str) -> FlightMedia:
        return self.flights.setdefault(flight_id, FlightMedia(flight_id))

    def shot(self, lens: str) -> Shot:
        """A picture from where the aircraft is now, of the current number."""
        gateway = self.gateway
        here, gimbal = gateway.aircraft.here, gateway.aircraft_values[gateway.profile.camera]
        return Shot(
            number=self.number,
            lens=lens,
            taken_at=gateway.now(),
            latitude=here.latitude,
            longitude=here.longitude,
            altitude=round(here.height, 3),
            relative_altitude=round(gateway.aircraft.up, 3),
            yaw=round(gateway.aircraft.heading, 1),
            pitch=float(gimbal["gimbal_pitch"]),
            model=gateway.profile.aircraft_name,
            serial=gateway.aircraft_sn,
        )

    # -- uploading -----------------------------------------------------------------------------------------

    def _next(self) -> MediaFile | None:
        """The file to upload now: only an idle dock uploads."""
        gateway = self.gateway
        if not gateway.online or gateway.tasks.current is not None or gateway.aircraft.flying:
            return None
        return next((flight.waiting[0] for flight in self.flights.values() if flight.waiting), None)

    async def run(self) -> None:
        """Upload what waits, for ever."""
        while True:
            await self.gateway.signal.until(self._next, None)
            file = self._next()
            if file is None:
                continue
            try:
                done = await self._upload(file)
            except (UploadFailed, TimeoutError, LookupError, TypeError, ValueError) as error:
                log.warning("%s: %s: %s", self.gateway.sn, file.name, error)
                self.storage = None
                done = False
            self._failures = 0 if done else self._failures + 1
            if not done:
                wait = WAITS[min(self._failures, len(WAITS)) - 1]
                await asyncio.sleep(wait * self.gateway.behaviour.patience)
            self.gateway.signal.notify()

    async def _upload(self, file: MediaFile) -> bool:
        """Bring one file into the bucket and tell the cloud; whether that is settled."""
        gateway, flight = self.gateway, self.flights[file.flight_id]
        if len(flight.lost) < gateway.behaviour.lose_media:
            flight.waiting.remove(file)
            flight.lost.append(file)
            return True
        storage = await self._storage()
        if storage is None:
            return False
        content = await asyncio.to_thread(file.read)
        file.object_key = storage.key(file.flight_id, file.name)
        await storage.put(file.object_key, content, content_type(file.name))
        reply = await gateway.send_event("file_upload_callback", self._callback(file, flight))
        if reply is not None and reply.result != 0:
            log.warning("%s: the cloud refused %s: %s", gateway.sn, file.name, reply.data)
            file.tries += 1
            if file.tries < TRIES:
                return False
            flight.lost.append(file)
        else:
            flight.uploaded += 1
            self.uploaded.append(file)
        if file in flight.waiting:
            flight.waiting.remove(file)
        file.content = None
        return True

    async def _storage(self) -> Storage | None:
        if self.storage is None or self.storage.over:
            reply = await self.gateway.request("storage_config_get", {"module": MEDIA})
            if reply.result != 0:
                log.warning("%s: no storage: %s", self.gateway.sn, reply.data)
                return None
            self.storage = Storage.read(reply.output)
        return self.storage

    def _callback(self, file: MediaFile, flight: FlightMedia) -> dict[str, Any]:
        gateway, shot = self.gateway, file.shot
        old = gateway.profile.product == "dock2"
        # Pages and devices disagree on the name of the time, and the page's example has the angle as text.
        created = {"create_time" if old else "created_time": shot.time.isoformat(timespec="seconds")}
        return {
            "result": 0,
            "progress": {"value": 100, "status": "ok"},
            "file": {
                "object_key": file.object_key,
                "path": file.flight_id,
                "name": file.name,
                "cloud_to_cloud_id": "DEFAULT",
                "ext": {
                    "flight_id": file.flight_id,
                    "drone_model_key": gateway.profile.aircraft_key,
                    "payload_model_key": "1-" + gateway.profile.camera.rsplit("-", 1)[0],
                    "is_original": True,
                },
                "metadata": {
                    "gimbal_yaw_degree": f"{shot.yaw:.2f}" if old else shot.yaw,
                    "absolute_altitude": shot.altitude,
                    "relative_altitude": shot.relative_altitude,
                    "shoot_position": {"lat": shot.latitude, "lng": shot.longitude},
                    **created,
                },
            },
            "flight_task": {
                "uploaded_file_count": flight.uploaded + 1,
                "expected_file_count": flight.expected,
                "flight_type": file.flight_type,
            },
        }

    def take_over(self, other: Media) -> None:
        """The aircraft has moved here with what it has not uploaded."""
        moved = {flight_id: flight for flight_id, flight in other.flights.items() if flight.waiting}
        for flight_id, flight in moved.items():
            del other.flights[flight_id]
            self.flights[flight_id] = flight
        self.number = max(self.number, other.number)
        self.gateway.signal.notify()

    def prefer(self, flight_id: str) -> None:
        """Upload this flight's files first."""
        first = self.flights.pop(flight_id, None)
        if first is not None:
            self.flights = {flight_id: first, **self.flights}

    def find_again(self, flight_id: str) -> int:
        """What was lost of this flight waits to be uploaded after all; returns how many files that are."""
        flight = self._of(flight_id)
        found = len(flight.lost)
        for file in flight.lost:
            file.tries = 0
        flight.waiting.extend(flight.lost)
        flight.lost.clear()
        self.gateway.signal.notify()
        return found


@service("upload_flighttask_media_prioritize")
def prioritize(gateway: SimulatedGateway, data: Mapping[str, Any], message: Message) -> Outcome:
    """Upload this flight's files first, and say so."""
    flight_id = str(data.get("flight_id") or "")
    outcome = standard(gateway, message)

    async def tell() -> None:
        gateway.media.prefer(flight_id)
        gateway.post_event("highest_priority_upload_flighttask_media", {"flight_id": flight_id}, bid=message.bid)

    outcome.then = tell
    return outcome
