"""Simulated docks, remotes and their aircraft: they speak MQTT as the Cloud API says, and know nothing of
the server.

    from fleet.simulator import Behaviour, Credentials, fleet_of

    credentials = Credentials.load("gateways.json")          # see credentials.py for the file
    async with fleet_of(credentials, behaviour=Behaviour(speed=20)) as fleet:
        dock = fleet.docks[0]
        await dock.until(lambda: dock.bound)
        dock.fail["cover_open"] = 321004                     # that reply is a failure from now on
        reply = await dock.send_event("flighttask_ready", {"flight_ids": ["…"]})
        await dock.until(lambda: not dock.unanswered)

A dock flies the route file that flighttask_prepare names, takes its pictures and uploads them to the bucket that
the cloud offers; `PilotClient` is Pilot's side of the HTTP interface. What can go wrong is in Behaviour:

        dock.behaviour.fail_at_waypoint[3] = 321517          # an obstacle: broken off, with a break point
        dock.behaviour.lose_network_at[1] = 30.0             # off the network for half a minute of flight
        dock.behaviour.alarms.append(alarm("0x16100083"))

`SimulatorThread` is the same for tests that are not asynchronous; `manage.py simulate` for people.
What each device shows and takes: SimulatedGateway, SimulatedDock, SimulatedRemote. Faults and pace:
Behaviour.
"""

from fleet.simulator.behaviour import Behaviour, alarm
from fleet.simulator.credentials import Address, Credentials, CredentialsError, GatewayCredentials, invented
from fleet.simulator.crowd import SimulatedFleet, fleet_of, run_until_stopped
from fleet.simulator.dock import SimulatedDock
from fleet.simulator.gateway import SimulatedGateway
from fleet.simulator.motion import Place
from fleet.simulator.pilot_client import HttpError, LoggedOut, PilotClient, PilotError, PilotFile
from fleet.simulator.remote import SimulatedRemote
from fleet.simulator.reporting import Refused
from fleet.simulator.thread import SimulatorThread

__all__ = [
    "Address",
    "Behaviour",
    "Credentials",
    "CredentialsError",
    "GatewayCredentials",
    "HttpError",
    "LoggedOut",
    "PilotClient",
    "PilotError",
    "PilotFile",
    "Place",
    "Refused",
    "SimulatedDock",
    "SimulatedFleet",
    "SimulatedGateway",
    "SimulatedRemote",
    "SimulatorThread",
    "alarm",
    "fleet_of",
    "invented",
    "run_until_stopped",
]
