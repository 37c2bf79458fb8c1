"""The devices' door from the broker: who is there, how they are, and what became of what we asked."""

from __future__ import annotations

from devices.services import binding, health, message_log, rejects, replies, telemetry, topology
from fleet.mqtt.handlers import (
    ANY,
    every,
    on_drc,
    on_event,
    on_osd,
    on_property_reply,
    on_reject,
    on_request,
    on_services_reply,
    on_state,
    on_status,
    on_traffic,
    watch,
)
from fleet.mqtt.messages import Json, Message, Rejected
from fleet.mqtt.topics import Channel, UnknownTopic, parse


@on_osd()
def osd(message: Message) -> None:
    """A device says how it is, a part at a time."""
    telemetry.take(message)


@on_drc()
def direct_control(message: Message) -> None:
    """A device in live flight control says something; a sign of life until the cockpit listens."""
    telemetry.seen(message.sn)


@on_state()
def state(message: Message) -> None:
    """A device says that something changed; stored before it is answered."""
    telemetry.store(message)


@on_status("update_topo")
def update_topo(message: Message) -> None:
    """A gateway says which aircraft hang on it."""
    topology.update(message)


@on_request("config")
def config(message: Message) -> Json:
    """A dock asks for licence and time server."""
    return binding.config(message)


@on_request("airport_bind_status")
def bind_status(message: Message) -> Json:
    """A dock asks whether it and its aircraft are bound."""
    return binding.bind_status(message)


@on_request("airport_organization_get")
def organization_get(message: Message) -> Json:
    """A dock asks for the name of the organisation it is to join."""
    return binding.organisation(message)


@on_request("airport_organization_bind")
def organization_bind(message: Message) -> Json:
    """A dock joins its organisation with its aircraft."""
    return binding.bind(message)


@on_request("flight_areas_get")
def flight_areas_get(message: Message) -> Json:
    """A dock asks for its flight areas; always answered, for old firmware waits 40 s before every take-off."""
    return {"result": 0, "output": {"files": []}}


@on_request("offline_map_get")
def offline_map_get(message: Message) -> Json:
    """A dock asks for offline maps; always answered, for the same reason."""
    return {"result": 0, "output": {"offline_map_enable": False, "files": []}}


@on_services_reply()
def services_reply(message: Message) -> None:
    """A device answers a command."""
    replies.reply(message)


@on_property_reply()
def property_reply(message: Message) -> None:
    """A device says which properties it has set."""
    replies.property_reply(message)


@on_event("hms")
def health_messages(message: Message) -> None:
    """A device lists what is wrong with it."""
    health.report(message)


@on_event(ANY)
def event(message: Message) -> None:
    """Any event without an owner of its own: kept in the message log, and answered when it asks."""


@watch(Channel.EVENTS)
@watch(Channel.REQUESTS)
@watch(Channel.SERVICES_REPLY)
@watch(Channel.PROPERTY_SET_REPLY)
@watch(Channel.STATE)
@watch(Channel.STATUS)
def heard(message: Message) -> None:
    """Whoever speaks is alive, and what they said can be read later."""
    telemetry.seen(message.sn)
    message_log.store(message)


@watch(Channel.EVENTS)
def command_progress(message: Message) -> None:
    """An event may tell how far a command is."""
    replies.progress(message)


@on_reject
def rejected(topic: str, payload: bytes, rejection: Rejected) -> None:
    try:
        sn, _channel = parse(topic)
    except UnknownTopic:
        sn = ""
    rejects.note(topic, sn, rejection.reason, rejection.detail, payload)


on_traffic(message_log.note)


@every(1.0)
def flush_telemetry() -> None:
    telemetry.flush()


@every(1.0)
def flush_logs() -> None:
    message_log.flush()
    rejects.flush()
