"""`python -m fleet.embedded`: write `fleet.env`, then become `manage.py run`.

Two steps, for Django's settings are read once at the start of a process and need what the first step writes.
"""

import os
import sys

from django.core.exceptions import ImproperlyConfigured

from fleet.embedded.environment import ROOT, prepare

if __name__ == "__main__":
    try:
        prepare()
    except (ImproperlyConfigured, PermissionError) as error:
        sys.exit(f"\n{error}")
    os.execv(sys.executable, [sys.executable, str(ROOT / "manage.py"), "run", *sys.argv[1:]])  # noqa: S606
