"""What remotes get to see of a workspace: how the modules in Pilot 2 start, other apps, and icons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices.models import Device, DeviceModel
from fleet.admin.base import WorkspaceAdmin, current_workspace
from fleet.current import current_person
from fleet.models import Icon, ModelIcon, PilotSettings, Role, ThirdPartyApp
from fleet.models.pilot_settings import ICON_BYTES, validate_png
from fleet.services import audit, broadcast


@admin.register(PilotSettings)
class PilotSettingsAdmin(WorkspaceAdmin):
    """One row a workspace: its list leads straight to it. Administrators change it, everybody else reads it."""

    change_role = Role.ADMIN
    change_form_template = "fleet/pilot_settings.html"
    fieldsets = [
        (
            _("Uploads from remotes"),
            {"fields": ["auto_upload_photo", "photo_type", "auto_upload_video", "download_owner"]},
        ),
        (_("Live video from remotes"), {"fields": ["live_mode", "live_url"]}),
        (_("Map and logs"), {"fields": ["element_prefix", "log_public_key"]}),
    ]  # fmt: skip

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        workspace = current_workspace(request)
        if workspace is None or not self.has_view_permission(request):
            raise PermissionDenied
        row, _made = PilotSettings.objects.get_or_create(workspace=workspace)
        return redirect("admin:fleet_pilotsettings_change", row.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pages = [
            (model._meta.verbose_name_plural, reverse(f"admin:fleet_{model._meta.model_name}_changelist"))
            for model in (ThirdPartyApp, ModelIcon, Icon)
        ]
        context = {**(extra_context or {}), "title": _("Pilot 2 in this workspace"), "pages": pages}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def save_model(self, request: HttpRequest, obj: PilotSettings, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(
            "pilot_settings.changed", workspace=obj.workspace, user=current_person(request),
            target=obj.workspace.name, fields=sorted(form.changed_data),
        )  # fmt: skip

    def response_change(self, request: HttpRequest, obj: PilotSettings) -> HttpResponse:
        self.message_user(request, _("Saved. A remote takes it over when its page is opened next."))
        return redirect("admin:fleet_pilotsettings_change", obj.pk)


class _RemotesAdmin(WorkspaceAdmin):
    """Changed by administrators; each change is in the audit, and remotes draw anew where it shows on their map."""

    change_role = add_role = delete_role = Role.ADMIN
    audited: str
    on_the_map = False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._done(request, obj, "changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._done(request, obj, "deleted")

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in list(queryset):
            self.delete_model(request, obj)

    def _done(self, request: HttpRequest, obj: Any, what: str) -> None:
        action = f"{self.audited}.{what}"
        audit.record(action, workspace=obj.workspace, user=current_person(request), target=str(obj))
        if self.on_the_map:
            broadcast.to_workspace(obj.workspace_id, "device_update_topo", {})


@admin.register(ThirdPartyApp)
class ThirdPartyAppAdmin(_RemotesAdmin):
    audited = "pilot_app"
    list_display = ["name", "package", "url", "position"]
    search_fields = ["name", "package", "url"]
    fields = ["name", "package", "url", "icon", "position"]
    add_words = _("Add an app")
    empty_hint = _("Apps on the remotes that pilots open from the page in Pilot 2: a radio, work orders, a checklist.")


class IconForm(forms.ModelForm):
    file = forms.FileField(
        label=_("picture"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/png"}),
        help_text=_("A PNG, at most 512 x 512 pixels and 100 kB; remotes draw it about 5 mm large."),
    )

    class Meta:
        model = Icon
        fields = ("name",)
        widgets = {"name": UnfoldAdminTextInputWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["file"]  # remotes keep a picture for ever: another one is another icon

    def clean_file(self) -> bytes:
        picture = self.cleaned_data["file"]
        data: bytes = picture.read(ICON_BYTES + 1)
        validate_png(data)
        return data


@admin.register(Icon)
class IconAdmin(_RemotesAdmin):
    """Pictures to choose from: for models, for apps, and by their address for a single device."""

    audited = "icon"
    on_the_map = True
    form = IconForm
    list_display = ["name", "preview", "address", "created_at"]
    search_fields = ["name"]
    add_words = _("Add an icon")
    empty_hint = _("Pictures for devices on the remotes' maps and for apps. Without any, Fleet's own are drawn.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("image")

    def get_fields(self, request: HttpRequest, obj: Icon | None = None) -> Any:
        return ["name", "file"] if obj is None else ["name", "preview", "address"]

    def get_readonly_fields(self, request: HttpRequest, obj: Icon | None = None) -> Any:
        return [] if obj is None else ["preview", "address"]

    def save_model(self, request: HttpRequest, obj: Icon, form: Any, change: bool) -> None:
        if not change:
            obj.image = form.cleaned_data["file"]
        super().save_model(request, obj, form, change)

    @admin.display(description=_("picture"))
    def preview(self, icon: Icon) -> SafeString:
        return format_html('<img src="{}" alt="" width="32" height="32">', icon.path)

    @admin.display(description=_("address"))
    def address(self, icon: Icon) -> SafeString:
        return format_html('<code class="fleet-secret">{}</code>', icon.path)


class ModelIconForm(forms.ModelForm):
    #: Not on the form, so Django does not see a second row of one model coming.
    workspace: Any = None

    class Meta:
        model = ModelIcon
        fields = ("model_key", "normal", "normal_url", "selected", "selected_url")

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        rows = ModelIcon.objects.filter(workspace=self.workspace, model_key=(given or {}).get("model_key"))
        if rows.exclude(pk=self.instance.pk).exists():
            self.add_error("model_key", _("There is one for this model already."))
        return given


@admin.register(ModelIcon)
class ModelIconAdmin(_RemotesAdmin):
    audited = "model_icon"
    on_the_map = True
    form = ModelIconForm
    list_display = ["shown_model", "model_key", "preview"]
    list_display_links = ["shown_model"]
    add_words = _("Add an icon for a model")
    empty_hint = _("How remotes draw all devices of one model. A device's own icon, set on its page, goes before it.")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("normal", "selected")
        return rows.defer("normal__image", "selected__image")

    def get_form(self, request: HttpRequest, obj: ModelIcon | None = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.workspace = current_workspace(request)
        here = Device.objects.filter(workspace=current_workspace(request)).values("model_id")
        choices = [(model.pk, f"{model} ({model.pk})") for model in DeviceModel.objects.filter(pk__in=here)]
        if obj is not None and obj.model_key not in dict(choices):
            choices.append((obj.model_key, obj.model_key))
        form.base_fields["model_key"] = forms.ChoiceField(
            label=_("Model"), choices=[("", "—"), *choices], widget=UnfoldAdminSelectWidget,
            help_text=_("The models of this workspace's devices."),
        )  # fmt: skip
        return form

    @admin.display(description=_("model"))
    def shown_model(self, row: ModelIcon) -> str:
        return str(DeviceModel(pk=row.model_key))

    @admin.display(description=_("picture"))
    def preview(self, row: ModelIcon) -> SafeString:
        return format_html('<img src="{}" alt="" width="32" height="32">', row.address)
