"""Why the route library does not do what it is asked."""

from __future__ import annotations

from waylines.models import Route


class RouteRefused(Exception):
    """`reason` is a stable word for programs, `message` a sentence for people in their language.

    `name_taken` and `same_file` name the `route` that is there already; `bad_plan` the `field` that is wrong.
    """

    def __init__(self, reason: str, message: str, *, route: Route | None = None, field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.route = route
        self.field = field
