"""Docks, remotes, aircraft: topology, telemetry, commands, properties, health."""
