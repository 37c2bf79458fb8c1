#!/usr/bin/env python
"""Fleet's command line: `manage.py help` lists every command."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
    if sys.argv[1:2] == ["run"]:
        # Makes the secrets and addresses that Django's settings are about to read.
        from fleet.embedded.environment import prepare

        prepare()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
