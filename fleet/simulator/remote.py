"""A remote controller with its aircraft."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from fleet.simulator import aircraft_telemetry
from fleet.simulator.gateway import SimulatedGateway
from fleet.simulator.photographs import photograph
from fleet.simulator.pilot_client import PilotClient, PilotFile

PERIOD = 2.0
FLIGHT_SECTION = "drc"
WITHOUT_AUTHORITY = ("cloud_control_auth_request", "cloud_control_release")


class SimulatedRemote(SimulatedGateway):
    """An RC Plus 2 with Pilot 2. A remote is bound by the page inside Pilot, not over MQTT: `bound` is
    always true.
    """

    bound = True

    @property
    def authority(self) -> list[str]:
        """Control keys that the pilot has given to the cloud."""
        return list(self.values["cloud_control_auth"])

    def initial_values(self) -> dict[str, Any]:
        """The remote's own properties."""
        return {
            "live_status": [],
            "dongle_infos": [],
            "cloud_control_auth": [],
            "drc_state": 0,
            "capacity": 96.0,
        }

    async def introduce(self) -> None:
        """A remote only announces its topology."""
        await self.announce_topology()

    async def report(self) -> None:
        """OSD of the remote every two seconds, of the aircraft every second in the air."""
        loop = asyncio.get_running_loop()
        due_self = due_aircraft = loop.time()
        while True:
            now = loop.time()
            if self.online and now >= due_self:
                await self.send_osd(self.sn, self.own_osd() | {name: self.values[name] for name in self.own_set})
                due_self = now + PERIOD / self.behaviour.rate
            if self.online and self.aircraft.on and now >= due_aircraft:
                await self.send_osd(self.aircraft_sn, self.aircraft_osd())
                due_aircraft = now + aircraft_telemetry.period(self) / self.behaviour.rate
            await asyncio.sleep(min(0.5 / self.behaviour.rate, 0.5))

    def own_osd(self) -> dict[str, Any]:
        """OSD of the remote: it stands some metres beside the take-off point."""
        here = self.place.offset(6, -4)
        self.values["capacity"] = max(self.values["capacity"] - 0.002, 20.0)
        return {
            "capacity_percent": int(self.values["capacity"]),
            "latitude": here.latitude,
            "longitude": here.longitude,
            "height": here.height,
            "drc_state": self.values["drc_state"],
            "wireless_link": {
                "dongle_number": 0,
                "4g_link_state": 0,
                "sdr_link_state": int(self.aircraft.on),
                "link_workmode": 0,
                "sdr_quality": 5 if self.aircraft.on else 0,
                "4g_quality": 0,
                "4g_uav_quality": 0,
                "4g_gnd_quality": 0,
                "sdr_freq_band": 5.8,
                "4g_freq_band": 0.0,
            },
        }

    async def upload_media(
        self, pilot: PilotClient, *, shots: int = 1, lenses: Sequence[str] = ("V",)
    ) -> list[PilotFile]:
        """Take pictures where the aircraft is and bring them to the cloud as Pilot does; what became of each file."""
        files = []
        for _ in range(shots):
            self.media.number += 1
            taken = [self.media.shot(lens) for lens in lenses]
            files += [PilotFile.of(shot, await asyncio.to_thread(photograph, shot)) for shot in taken]
        await asyncio.to_thread(
            pilot.upload_media, files, payload_key="1-" + self.profile.camera.rsplit("-", 1)[0], sn=self.aircraft_sn,
            drone_key=self.profile.aircraft_key,
        )  # fmt: skip
        return files

    def states(self) -> Iterable[dict[str, Any]]:
        """State messages of the remote."""
        videos = [{"video_index": "normal-0", "video_type": "zoom", "switchable_video_types": ["wide", "zoom"]}]
        camera = {
            "camera_index": self.profile.camera,
            "available_video_number": 1,
            "coexist_video_number_max": 1,
            "video_list": videos,
        }
        device = {
            "sn": self.aircraft_sn,
            "available_video_number": 1,
            "coexist_video_number_max": 1,
            "camera_list": [camera],
        }
        return [
            {"firmware_version": self.profile.firmware},
            {
                "live_capacity": {
                    "available_video_number": 1,
                    "coexist_video_number_max": 1,
                    "device_list": [device] if self.aircraft.on else [],
                }
            },
            {"live_status": self.values["live_status"]},
            {"dongle_infos": self.values["dongle_infos"]},
            {"cloud_control_auth": self.authority},
        ]

    def allows(self, name: str, section: str) -> bool:
        """Flying from the cloud needs the pilot's consent."""
        return section != FLIGHT_SECTION or name in WITHOUT_AUTHORITY or "flight" in self.authority
