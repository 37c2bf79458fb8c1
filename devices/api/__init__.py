"""The door to devices for Pilot 2, for scripts and for the broker."""
