"""Who did what: looked at, never changed."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from fleet.admin.base import ReadOnlyAdmin, WorkspaceRelatedFilter, current_workspace
from fleet.models import AuditEntry, Role


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Entries of no workspace (a failed login) are the business of whoever runs the server."""

    view_role = Role.OPERATOR
    list_display = ["at", "actor", "action_label", "target"]
    list_filter = ["action", ("user", WorkspaceRelatedFilter)]
    list_filter_submit = False
    search_fields = ["actor", "action", "target"]
    search_help_text = _("Person, action or thing")
    date_hierarchy = "at"
    fields = ["at", "actor", "action", "target", "details"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        if request.user.is_superuser:
            return AuditEntry.objects.filter(Q(workspace=current_workspace(request)) | Q(workspace=None))
        return rows

    @display(description=_("action"), ordering="action", label=True)
    def action_label(self, entry: AuditEntry) -> str:
        return entry.action

    @display(description=_("detail"))
    def details(self, entry: AuditEntry) -> Any:
        return format_html("<pre>{}</pre>", json.dumps(entry.detail, indent=2, ensure_ascii=False))
