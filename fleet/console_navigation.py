"""How the console looks and where its pages are."""

from typing import Any

UNFOLD: dict[str, Any] = {"SITE_TITLE": "Fleet", "SITE_HEADER": "Fleet"}
