"""The embedded broker in pure Python, for machines without Mosquitto: `python -m
fleet.embedded.amqtt_server`.

It speaks MQTT 3.1.1 only, keeps nothing over a restart and takes some thousand messages a second: good for a
few devices and for trying Fleet out. Gateways are let in by the accounts in the database.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys


async def serve(host: str, port: int) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    from amqtt.broker import Broker

    address = f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": address}},
            # Sessions of clients that stay away: a week, as under Mosquitto.
            "session_expiry_interval": 7 * 24 * 3600,
            "plugins": {"fleet.embedded.amqtt_plugins.Gatekeeper": {}},
        }
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await broker.start()
    logging.getLogger(__name__).info("listening on %s", address)
    await ended.wait()
    await broker.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
    import django

    django.setup()
    # A line for each connection and each refused message is too much of a log.
    logging.getLogger("amqtt").setLevel(logging.WARNING)
    logging.getLogger("transitions").setLevel(logging.WARNING)
    try:
        asyncio.run(serve(options.host, options.port))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
