"""Rules for keeping files, and the uploads that were refused."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.services.live_device import pretty
from fleet.admin.base import ReadOnlyAdmin, WorkspaceAdmin
from fleet.current import current_person
from fleet.models import Role
from fleet.services import audit
from media.models import MediaPolicy, RefusedUpload


@admin.register(MediaPolicy)
class MediaPolicyAdmin(WorkspaceAdmin):
    """One form for each workspace; there is nothing to list."""

    view_role = Role.OPERATOR
    change_role = Role.ADMIN
    fields = ["keep_days", "keep_favorites", "incomplete_after", "problem_days"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("console:media_rules")

    def save_model(self, request: HttpRequest, obj: MediaPolicy, form: Any, change: bool) -> None:
        if not form.changed_data:
            return
        obj.save(update_fields=form.changed_data)
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        audit.record(
            "media.rules_changed", workspace=obj.workspace, user=current_person(request), target=str(obj), fields=values
        )

    def response_change(self, request: HttpRequest, obj: MediaPolicy) -> HttpResponse:
        self.message_user(request, _("Saved."))
        return redirect("console:gallery")


@admin.register(RefusedUpload)
class RefusedUploadAdmin(ReadOnlyAdmin):
    """What devices announced and we would not take, with the reason."""

    view_role = Role.OPERATOR
    list_display = ["when", "shown_why", "name", "object_key", "sender", "count"]
    list_display_links = ["when"]
    list_filter = ["why"]
    search_fields = ["name", "object_key", "sender"]
    empty_hint = _("Every upload that a device announced was one of this workspace. That is how it should be.")
    fields = ["when", "first_at", "why", "name", "object_key", "sender", "count", "as_it_came"]
    readonly_fields = fields

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["console/device.css"]}

    @admin.display(description=_("last"), ordering="last_at")
    def when(self, row: RefusedUpload) -> str:
        return timezone.localtime(row.last_at).strftime("%Y-%m-%d %H:%M:%S")

    @display(description=_("why"), ordering="why", label=True)
    def shown_why(self, row: RefusedUpload) -> str:
        return row.get_why_display()

    @admin.display(description=_("as it came"))
    def as_it_came(self, row: RefusedUpload) -> SafeString:
        return format_html('<div class="fleet-page"><pre class="fleet-json">{}</pre></div>', pretty(row.said))
