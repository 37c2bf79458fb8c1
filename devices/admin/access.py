"""How a gateway gets in: adding it, what to type into it, and shutting it out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices.models import Device, GatewayCredential
from devices.models.device import Domain
from devices.services import gateways, secrets
from fleet.admin.base import covers, current_workspace
from fleet.models import Role
from fleet.services import audit


class GatewayForm(forms.Form):
    """A dock or a remote that is to join."""

    sn = forms.CharField(
        label=gettext_lazy("Serial number"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autofocus": True}),
        help_text=gettext_lazy("It stands on the device and in its settings."),
    )
    kind = forms.TypedChoiceField(
        label=gettext_lazy("Kind"),
        coerce=int,
        choices=[(Domain.DOCK.value, Domain.DOCK.label), (Domain.REMOTE.value, Domain.REMOTE.label)],
        widget=UnfoldAdminSelectWidget,
    )
    callsign = forms.CharField(
        label=gettext_lazy("Callsign"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget
    )


class GatewayPages:
    """The part of the device pages that is about a gateway's access."""

    if TYPE_CHECKING:

        def get_object(self, request: HttpRequest, object_id: str) -> Device | None: ...
        def has_add_permission(self, request: HttpRequest) -> bool: ...
        def page(self, request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse: ...

    def gateway_add_view(self, request: HttpRequest) -> HttpResponse:
        workspace = current_workspace(request)
        if workspace is None or not self.has_add_permission(request):
            raise PermissionDenied
        form = GatewayForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            user: Any = request.user
            given = form.cleaned_data
            try:
                device, _password = gateways.add(
                    workspace, given["sn"], kind=given["kind"], user=user, callsign=given["callsign"]
                )
            except gateways.GatewayRefused as refusal:
                form.add_error("sn", str(refusal))
            else:
                messages.success(request, _("%(device)s may come in now.") % {"device": device})
                return redirect(reverse("admin:devices_device_access", args=[device.pk]))
        return self.page(request, "console/add_gateway.html", title=_("Add a dock or a remote"), form=form)

    def access_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: the access sheet. POST `action`: rotate, withdraw or restore."""
        device = self.get_object(request, str(pk))
        if device is None or not device.is_gateway:
            raise Http404
        if not covers(request, Role.OPERATOR):
            raise PermissionDenied
        if request.method == "POST":
            return self._change_access(request, device)
        user: Any = request.user
        try:
            sheet = gateways.access_sheet(device, user=user)
        except (gateways.GatewayRefused, secrets.SecretUnreadable) as error:
            messages.error(request, str(error))
            return redirect(reverse("admin:devices_device_change", args=[device.pk]) + "#access")
        audit.record("gateway.sheet_shown", workspace=device.workspace, user=user, target=device.sn)
        return self.page(
            request,
            "console/access_sheet.html",
            title=_("Access sheet of %(device)s") % {"device": device},
            device=device,
            sheet=sheet,
            rows=_rows(sheet),
            access=self.access_context(request, device),
        )

    def access_context(self, request: HttpRequest, device: Device) -> dict[str, Any] | None:
        """What may be seen and done of a gateway's account; None for aircraft and below operators."""
        if not device.is_gateway or not covers(request, Role.OPERATOR):
            return None
        credential = GatewayCredential.objects.filter(device=device).first()
        return {
            "credential": credential,
            "url": reverse("admin:devices_device_access", args=[device.pk]),
            "in_step": credential is not None and credential.broker_stamp == credential.changed_at,
            "may_withdraw": covers(request, Role.ADMIN),
        }

    def _change_access(self, request: HttpRequest, device: Device) -> HttpResponse:
        user: Any = request.user
        action = request.POST.get("action")
        back = reverse("admin:devices_device_change", args=[device.pk]) + "#access"
        sheet = reverse("admin:devices_device_access", args=[device.pk])
        if not request.POST.get("sure"):
            messages.error(request, _("Tick the box first: whoever is connected with the old password is cut off."))
            return redirect(back)
        try:
            if action == "rotate":
                gateways.rotate(device, user=user)
                messages.success(request, _("There is a new password; type it into the device."))
            elif action == "restore":
                gateways.restore(device, user=user)
                messages.success(request, _("The gateway may come in again, with a new password."))
            elif action == "withdraw":
                gateways.withdraw(device, user=user)
                messages.success(request, _("The gateway is shut out."))
                return redirect(back)
        except gateways.GatewayRefused as refusal:
            messages.error(request, str(refusal))
            return redirect(back)
        return redirect(sheet)


def _rows(sheet: gateways.AccessSheet) -> list[tuple[str, str, str]]:
    """Label, value, and where one meets the field."""
    return [
        (_("Serial number"), sheet.sn, ""),
        (_("MQTT address"), sheet.mqtt, _("“MQTT gateway” of a dock's setup")),
        (_("User"), sheet.username, ""),
        (_("Password"), sheet.password, ""),
        (_("Organisation id"), sheet.organization_id, _("when the dock or remote is bound")),
        (_("Organisation name"), sheet.organization_name, ""),
        (_("Bind code"), sheet.bind_code, _("“device binding code”")),
        (_("Web page in Pilot 2"), sheet.web, _("Pilot 2, cloud service, other platforms")),
    ]
