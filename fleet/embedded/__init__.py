"""Run mode: everything Fleet needs on one machine where only Python is installed.

`install.py` makes the virtual environment and fetches the map's JavaScript; `environment.py` decides which
servers are started here and keeps their addresses and secrets in `fleet.env`; `launcher.py` starts them in
order under supervisord and stays until Ctrl-C. Production uses none of this: see docs/running.md.
"""
