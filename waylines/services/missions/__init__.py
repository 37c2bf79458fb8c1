"""Missions: planned by people and schedules, checked, sent to docks, followed to their end.

A mission's row is the truth; every move is one guarded UPDATE (`state`). `planning` makes rows, `dispatch` brings them
to their dock when it is time, `gate` says whether they may, `progress` believes what the dock tells, `control` is for
people who want it to stop, and `sweep` ends what nobody ended. Protocol: page "Wayline management" of docks.
"""
