"""A flight's track for its page, its picture for lists, and its files for other programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from fleet.current import covers, current_workspace
from fleet.models import Role
from waylines.models import Flight
from waylines.services.flights import closing, exports, listing, page

#: A flight that is over does not change; its picture may be kept, by the person's own browser only.
_KEEP = "private, max-age=86400"


def urls(site: AdminSite) -> list[URLPattern]:
    """Addresses below /admin/; every member of the flight's workspace may read."""

    def view(answer: Callable[..., HttpResponse]) -> Any:
        def wrapped(request: HttpRequest, pk: UUID, **kwargs: Any) -> HttpResponse:
            workspace = current_workspace(request)
            if workspace is None or not covers(request, Role.VIEWER):
                raise PermissionDenied
            flight = page.find(pk, workspace.pk)
            if flight is None:
                raise Http404
            return answer(flight, **kwargs)

        return site.admin_view(require_GET(wrapped))

    return [
        path("flights/<uuid:pk>/track.json", view(track), name="flight_track"),
        path("flights/<uuid:pk>/picture.svg", view(picture), name="flight_picture"),
        path("flights/<uuid:pk>/export/<slug:suffix>/", view(export), name="flight_export"),
    ]


def track(flight: Flight) -> HttpResponse:
    """See `page.track`."""
    answer = JsonResponse(page.track(flight), json_dumps_params={"separators": (",", ":")})
    answer["Cache-Control"] = "no-store"
    return answer


def picture(flight: Flight) -> HttpResponse:
    """A small drawing of the way."""
    answer = HttpResponse(listing.picture(closing.track(flight)), content_type="image/svg+xml")
    answer["Cache-Control"] = _KEEP if flight.distance is not None else "no-store"
    return answer


def export(flight: Flight, suffix: str) -> HttpResponse:
    """The flight as a file."""
    made = exports.FORMATS.get(suffix)
    if made is None:
        raise Http404
    answer = HttpResponse(page.export(flight, made), content_type=made.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{exports.file_name(flight, suffix)}"'
    answer["Cache-Control"] = "no-store"
    return answer
