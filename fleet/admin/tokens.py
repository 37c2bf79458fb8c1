"""Access tokens for scripts and Pilot: issue, look at, revoke. The key is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from fleet.admin.base import WorkspaceAdmin, covers
from fleet.current import current_person
from fleet.models import AccessToken, Role
from fleet.services import audit, tokens

LIFETIMES = [
    ("1", _("1 day")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("1 year")),
]
VALID, REVOKED, EXPIRED = _("valid"), _("revoked"), _("expired")


class TokenForm(forms.ModelForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What this token is for."),
    )
    lifetime = forms.ChoiceField(label=_("Lifetime"), choices=LIFETIMES, initial="30", widget=UnfoldAdminSelectWidget)

    class Meta:
        model = AccessToken
        fields = ("name",)


@admin.register(AccessToken)
class TokenAdmin(WorkspaceAdmin):
    """Everybody has their own; administrators see all of the workspace's."""

    change_role = None
    add_role = Role.VIEWER
    form = TokenForm
    fields = ["name", "lifetime"]
    list_display = ["name_or_id", "person", "state", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        rows: QuerySet[AccessToken] = super().get_queryset(request).select_related("user")
        return rows if covers(request, Role.ADMIN) else rows.filter(user=current_person(request))

    def has_revoke_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> Any:
        if obj is None:
            return ["name", "lifetime"]
        return ["name_or_id", "person", "state", "created_at", "expires_at", "revoked_at", "last_used_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> Any:
        return [] if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: AccessToken, form: Any, change: bool) -> None:
        workspace: Any = request.workspace  # type: ignore[attr-defined]
        lifetime = timedelta(days=int(form.cleaned_data["lifetime"]))
        token, key = tokens.issue(current_person(request), workspace, form.cleaned_data["name"], lifetime)
        audit.record(
            "token.issued",
            workspace=workspace,
            user=current_person(request),
            target=token.name,
            expires=token.expires_at.isoformat(),
        )
        obj.__dict__.update(token.__dict__)
        obj._key = key  # type: ignore[attr-defined] # for the one page that shows it

    def response_add(
        self, request: HttpRequest, obj: AccessToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The key stands in this one answer: a message would put it into a cookie or a session."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Your new token"),
            "opts": self.opts,
            "token": obj,
            "key": obj._key,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "fleet/token_issued.html", context)

    @action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        ended = 0
        for token in queryset.select_related("user", "workspace"):
            if tokens.revoke(token):
                ended += 1
                audit.record(
                    "token.revoked", workspace=token.workspace, user=current_person(request),
                    target=token.name, owner=token.user.get_username(),
                )  # fmt: skip
        self.message_user(
            request,
            ngettext("%d token revoked.", "%d tokens revoked.", ended) % ended,
            messages.SUCCESS,
        )

    @display(description=_("name"), ordering="name")
    def name_or_id(self, token: AccessToken) -> str:
        return token.name or f"#{token.pk}"

    @display(description=_("person"), ordering="user__username")
    def person(self, token: AccessToken) -> str:
        return str(token.user)

    @display(description=_("state"), label={VALID: "success", REVOKED: "danger", EXPIRED: "warning"})
    def state(self, token: AccessToken) -> Any:
        if token.revoked_at is not None:
            return REVOKED
        return VALID if token.is_valid else EXPIRED
