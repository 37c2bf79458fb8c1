"""The console as a whole: who gets in, how they log in, and what every page knows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from fleet.current import current_person, current_workspace
from fleet.models import Role, User
from fleet.services import access, audit, lockout, people


class ConsoleLoginForm(AuthenticationForm):
    """Name and password, with the same patience for guessers as Pilot's login."""

    error_messages = {
        "invalid_login": gettext_lazy("The user name or the password is wrong."),
        "inactive": gettext_lazy("The user name or the password is wrong."),
        "no_workspace": gettext_lazy("You belong to no workspace yet. Ask an administrator to add you to one."),
    }

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return self.cleaned_data  # type: ignore[no-any-return]
        address = self.request.META.get("REMOTE_ADDR") or "unknown"
        try:
            attempt = lockout.begin(name, address)
        except lockout.LockedOut as locked:
            if locked.is_news:  # else a guesser fills the audit
                audit.record("login.locked", workspace=None, actor=name, address=address)
            raise ValidationError(_too_many(locked), code="locked") from locked
        user = authenticate(self.request, username=name, password=password)
        if not isinstance(user, User):
            audit.record("login.failed", workspace=None, actor=name, address=address)
            raise self.get_invalid_login_error()
        attempt.succeeded()
        self.confirm_login_allowed(user)
        self.user_cache = user
        audit.record("login", workspace=access.workspaces_of(user).first(), user=user, address=address)
        return self.cleaned_data  # type: ignore[no-any-return]

    def confirm_login_allowed(self, user: User) -> None:
        """The console is for members: being staff is neither needed nor enough."""
        if not user.is_superuser and not access.workspaces_of(user).exists():
            raise ValidationError(self.error_messages["no_workspace"], code="no_workspace")


def _too_many(locked: lockout.LockedOut) -> str:
    return ngettext(
        "Too many failed logins. Try again in %(minutes)d minute.",
        "Too many failed logins. Try again in %(minutes)d minutes.",
        locked.minutes,
    ) % {"minutes": locked.minutes}


class FleetAdminSite(UnfoldAdminSite):
    """Open to superusers and to whoever has a part in a workspace; it starts at the live map."""

    login_form = ConsoleLoginForm
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """The middleware finds a workspace only for its members, so nothing more has to be asked."""
        user = request.user
        return bool(user.is_active and (user.is_superuser or current_workspace(request)))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("console:map")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == 302:
            people.own_password_changed(current_person(request), current_workspace(request))
        return answer

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        if not self.has_permission(request):
            return context
        return context | {
            "current_workspace": current_workspace(request),
            "workspace_choices": list(access.workspaces_of(request.user)),
            "after_switch": after_switch(request),
        }


def after_switch(request: HttpRequest) -> str:
    """Where to go on in another workspace.

    The list, if every member may see it, also from a row or a form, for these stay behind; else the map.
    """
    match = request.resolver_match
    page = getattr(match.func, "model_admin", None) if match else None
    if page is not None and getattr(page, "view_role", None) == Role.VIEWER:
        return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    if page is None and match is not None and not (match.args or match.kwargs):
        return request.path
    return reverse("console:map")
