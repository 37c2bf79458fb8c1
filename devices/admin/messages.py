"""The message log and the rejects: what went over the wire, and what could not be used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from devices.models import LoggedMessage, RejectedMessage
from devices.services.live_device import pretty
from fleet.admin.base import ReadOnlyAdmin, WorkspaceRelatedFilter, current_workspace
from fleet.models import Role

_PRE = '<div class="fleet-page"><pre class="fleet-json">{}</pre></div>'


class _Time:
    """Messages are told apart by milliseconds, not by minutes."""

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["console/device.css"]}

    @admin.display(description=_("at"), ordering="at")
    def when(self, row: Any) -> str:
        return timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@admin.register(LoggedMessage)
class LoggedMessageAdmin(_Time, ReadOnlyAdmin):
    """`?q=` finds a tid or bid as a whole, and parts of a method or topic: so one follows a conversation."""

    list_display = ["when", "device", "direction", "method", "topic", "tid", "bid"]
    list_display_links = ["when"]
    list_filter = ["direction", ("device", WorkspaceRelatedFilter)]
    search_fields = ["tid__exact", "bid__exact", "method", "topic"]
    search_help_text = _("A tid or bid as a whole, or a part of a method or topic.")
    empty_hint = _("What devices and this server say to each other, telemetry left out, stands here.")
    fields = ["when", "device", "direction", "topic", "method", "follow_tid", "follow_bid", "shown_payload"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[LoggedMessage]:
        rows = super().get_queryset(request).select_related("device")
        match = request.resolver_match
        return rows.defer("payload") if match and (match.url_name or "").endswith("changelist") else rows

    @admin.display(description="tid")
    def follow_tid(self, message: LoggedMessage) -> SafeString | str:
        return _follow(message.tid)

    @admin.display(description="bid")
    def follow_bid(self, message: LoggedMessage) -> SafeString | str:
        return _follow(message.bid)

    @admin.display(description=_("payload"))
    def shown_payload(self, message: LoggedMessage) -> SafeString:
        return format_html(_PRE, pretty(message.payload))


@admin.register(RejectedMessage)
class RejectedMessageAdmin(_Time, ReadOnlyAdmin):
    #: Raw beginnings of what could not be read: nothing in them is masked, a bind code may be among it.
    view_role = Role.OPERATOR
    list_display = ["when", "reason", "detail", "sn", "topic", "size"]
    list_display_links = ["when"]
    list_filter = ["reason"]
    search_fields = ["=sn", "topic", "reason", "detail"]
    empty_hint = _("Nothing arrived that could not be used. That is how it should be.")
    fields = ["when", "reason", "detail", "sn", "topic", "size", "shown_head"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[RejectedMessage]:
        # What belongs to no workspace (an unknown serial) is for those who run the server.
        if request.user.is_superuser:
            return RejectedMessage.objects.filter(Q(workspace=current_workspace(request)) | Q(workspace=None))
        return super().get_queryset(request)

    @admin.display(description=_("beginning of the payload"))
    def shown_head(self, rejected: RejectedMessage) -> SafeString:
        return format_html(_PRE, rejected.head)


def _follow(value: str) -> SafeString | str:
    if not value:
        return "—"
    url = reverse("admin:devices_loggedmessage_changelist")
    return format_html('<a href="{}?q={}"><code>{}</code></a>', url, value, value)
