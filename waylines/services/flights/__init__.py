"""Flights: cut out of telemetry while they happen, measured and thinned when they are over.

`recording` runs on the bridge and only opens and closes rows; `closing` runs on the worker and does the rest.
"""
