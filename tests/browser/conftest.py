"""`stage` and `visit` of the shared map; tests of other pages have their own of these names."""

from __future__ import annotations

from tests.browser.shared_map import stage, visit

__all__ = ["stage", "visit"]
