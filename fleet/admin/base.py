"""What every list and form of the console shares: one workspace, one role, no look at anybody else's rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from fleet.current import covers, current_role, current_workspace
from fleet.models import Role, User, Workspace

__all__ = [
    "ReadOnlyAdmin",
    "WorkspaceAdmin",
    "WorkspaceRelatedFilter",
    "covers",
    "current_role",
    "current_workspace",
]


def limits(model: type[models.Model], workspace: Workspace | None) -> models.Q | None:
    """What of `model` may be offered as a choice in this workspace; None when it belongs to no workspace."""
    if model is Workspace:
        return models.Q(pk=workspace.pk if workspace else None)
    if model is User:
        return models.Q(memberships__workspace=workspace) if workspace else models.Q(pk=None)
    try:
        model._meta.get_field("workspace")
    except FieldDoesNotExist:
        return None
    return models.Q(workspace=workspace) if workspace else models.Q(pk=None)


class WorkspaceRelatedFilter(admin.RelatedFieldListFilter):
    """A list filter by a related row that offers the current workspace's rows only.

    Used as `list_filter = [("device", WorkspaceRelatedFilter)]`; Django's own would name every tenant's rows.
    """

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[Any]:
        limit = limits(field.remote_field.model, current_workspace(request))
        ordering = self.field_admin_ordering(field, request, model_admin)
        choices: list[Any] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to=limit if limit is not None else {}
        )
        return choices


class WorkspaceAdmin(ModelAdmin):
    """A model seen through the current workspace.

    `workspace_path` is the lookup from the model to its workspace; None for what all workspaces share (device
    models). Each `…_role` is the least role that may do it, None for nobody.
    """

    workspace_path: ClassVar[str | None] = "workspace"
    view_role: ClassVar[Role | str | None] = Role.VIEWER
    change_role: ClassVar[Role | str | None] = Role.OPERATOR
    add_role: ClassVar[Role | str | None] = None
    delete_role: ClassVar[Role | str | None] = None

    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        if self.workspace_path is None:
            return rows
        workspace = current_workspace(request)
        return rows.filter(**{self.workspace_path: workspace}) if workspace else rows.none()

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """A row of another workspace is not there, and Django's own words would send one to the map instead."""
        raise Http404

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The row that a page of our own shows.

        Raises `Http404` when there is none in this workspace, `PermissionDenied` for a role that may not see it.
        """
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return covers(request, self.view_role) or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return covers(request, self.change_role)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return covers(request, self.add_role)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return covers(request, self.delete_role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        self._limit(db_field, request, kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        self._limit(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _limit(self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> None:
        limit = limits(db_field.remote_field.model, current_workspace(request))
        if limit is not None:
            rows = kwargs.get("queryset")
            if rows is None:
                rows = db_field.remote_field.model._default_manager.all()
            kwargs["queryset"] = rows.filter(limit)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new row belongs to the workspace it was made in, whatever the form said."""
        if not change and self.workspace_path == "workspace":
            obj.workspace = current_workspace(request)
        super().save_model(request, obj, form, change)


class ReadOnlyAdmin(WorkspaceAdmin):
    """History: looked at, never touched."""

    change_role = None
