"""The people of the current workspace and their roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from fleet.admin.base import WorkspaceAdmin, current_workspace
from fleet.current import current_person
from fleet.models import Membership, Role
from fleet.services import people

ROLE_COLOURS = {
    Role.ADMIN.label: "danger",
    Role.OPERATOR.label: "warning",
    Role.PILOT.label: "info",
    Role.VIEWER.label: "success",
}


class PersonForm(forms.ModelForm):
    """What joining and changing have in common. `request` is set by the admin on the class it makes."""

    request: HttpRequest

    first_name = forms.CharField(
        label=_("First name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget
    )
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget)
    email = forms.EmailField(label=_("Email"), required=False, widget=UnfoldAdminEmailInputWidget)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=UnfoldAdminSelectWidget)
    password = forms.CharField(
        label=_("Password"), strip=False, required=False, max_length=1024,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    class Meta:
        model = Membership
        fields = ("role",)

    def account(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("first_name", "last_name", "email", "password")}


class JoinForm(PersonForm):
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    )

    def clean(self) -> dict[str, Any]:
        """The person is made here, so that what the service refuses is said beside the form."""
        if self.errors:
            return self.cleaned_data
        workspace, by = current_workspace(self.request), current_person(self.request)
        if workspace is None:
            raise PermissionDenied
        made = people.add(
            workspace,
            username=self.cleaned_data["username"],
            role=self.cleaned_data["role"],
            by=by,
            **self.account(),
        )
        self.instance = made
        return self.cleaned_data


class ChangeForm(PersonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person, by = self.instance.user, current_person(self.request)
        for name in ("first_name", "last_name", "email"):
            self.fields[name].initial = getattr(person, name)
        manageable = people.may_manage_account(by, person, self.instance.workspace)
        for name in ("first_name", "last_name", "email", "password"):
            self.fields[name].disabled = not manageable or (name == "password" and person == by)
        self.fields["password"].label = _now("New password")
        self.fields["password"].help_text = (
            _now("Use “Change password” in the menu for your own.")
            if person == by
            else _now("Empty keeps the present one. A new one ends all sessions and tokens of this person.")
            if manageable
            else _now("This account counts elsewhere too; only its owner may change it.")
        )

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if role != Role.ADMIN and people.is_last_admin(self.instance):
            raise ValidationError(str(people.LastAdmin()))
        return role

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password, self.instance.user)
        return password


@admin.register(Membership)
class PeopleAdmin(WorkspaceAdmin):
    """Everybody sees who is in; administrators add, change and remove."""

    change_role = Role.ADMIN
    add_role = Role.ADMIN
    delete_role = Role.ADMIN
    list_display = ["name", "username", "email", "role_label", "is_active", "last_login", "created_at"]
    list_display_links = ["name"]
    list_filter = ["role"]
    list_select_related = ["user", "workspace"]
    ordering = ["user__username"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "user__email"]
    search_help_text = _("Name, user name or email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows: QuerySet[Membership] = super().get_queryset(request).select_related("user", "workspace")
        return rows

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:
        base = ChangeForm if obj else JoinForm
        return type(base.__name__, (base,), {"request": request})

    def get_fieldsets(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", "username", "email", "role_label", "last_login", "created_at"]})]
        person = ["first_name", "last_name", "email", "password"]
        return [
            (None, {"fields": ["username", "role"]}),
            (
                _("Account"),
                {
                    "fields": person,
                    "description": None
                    if obj or not request.user.is_superuser
                    else _("Leave the password empty to add somebody who has an account already."),
                },
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if obj is None:
            return []
        if not self.has_change_permission(request, obj):
            return ["name", "username", "email", "role_label", "last_login", "created_at"]
        return ["username"]

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and people.is_last_admin(obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """One by one, for each removal has to be checked against the last administrator."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change:
            return  # made by the form
        people.change_role(obj, form.cleaned_data["role"], by=current_person(request))
        if people.may_manage_account(current_person(request), obj.user, obj.workspace):
            people.change_account(obj.user, obj.workspace, by=current_person(request), **form.account())

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        people.remove(obj, by=current_person(request))

    @display(description=_("name"), ordering="user__last_name")
    def name(self, membership: Membership) -> str:
        return str(membership.user)

    @display(description=_("user name"), ordering="user__username")
    def username(self, membership: Membership) -> str:
        return membership.user.get_username()

    @display(description=_("email"), ordering="user__email", empty_value="-")
    def email(self, membership: Membership) -> str:
        return membership.user.email

    @display(description=_("role"), ordering="role", label=ROLE_COLOURS)
    def role_label(self, membership: Membership) -> str:
        return membership.get_role_display()

    @display(description=_("active"), ordering="user__is_active", boolean=True)
    def is_active(self, membership: Membership) -> bool:
        return membership.user.is_active

    @display(description=_("last login"), ordering="user__last_login")
    def last_login(self, membership: Membership) -> Any:
        return membership.user.last_login
