"""Asking a device for something: the form of a service or of its settings, a second look, and off it goes."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.forms import DeclaredForm, form_for, property_form
from devices.models import Command, Device
from devices.models.command import Channel
from devices.services import commands, live_device
from devices.services import properties as property_service
from devices.services.commands import CommandRefused
from fleet.admin.base import covers
from fleet.models import Role
from fleet.protocol import methods, properties
from fleet.protocol.methods import Danger, Method

#: What each danger means, said to the person who is about to send it.
DANGERS = {
    Danger.CONFIRM: gettext_lazy("It disturbs people or work that is under way."),
    Danger.MOVES: gettext_lazy(
        "It moves a machine: an aircraft, its gimbal, a cover or a putter. Make sure nobody is in its way."
    ),
    Danger.WIPES: gettext_lazy("It destroys data that nobody can bring back."),
    Danger.REBOOTS: gettext_lazy("The device restarts and is away for a while."),
}
DANGER_MARKS = {
    Danger.CONFIRM: gettext_lazy("disturbs"),
    Danger.MOVES: gettext_lazy("moves"),
    Danger.WIPES: gettext_lazy("wipes"),
    Danger.REBOOTS: gettext_lazy("restarts"),
}
_STATUS = {"forbidden": 403, "offline": 409, "key_reused": 409}


@dataclass(frozen=True, slots=True)
class Question:
    """What is about to be asked, of whom, and how it is put on its way."""

    device: Device
    gateway: Device
    title: str
    method: str
    danger: Danger
    role: Role
    form: type[DeclaredForm]
    send: Callable[[dict[str, Any], str], Command]
    meaning: str = ""
    #: The present values, where they are what is about to be changed.
    now: str = ""
    may_be_empty: bool = True


class AskingPages:
    """The part of the device pages that sends. A GET never sends anything."""

    if TYPE_CHECKING:

        def get_object(self, request: HttpRequest, object_id: str) -> Device | None: ...
        def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool: ...
        def page(self, request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse: ...

    def command_view(self, request: HttpRequest, pk: int, method: str) -> HttpResponse:
        device, gateway = self._asked(request, pk)
        declared = methods.find(Channel.SERVICES, method, gateway.product) if gateway.product else None
        if declared is None:
            raise Http404
        user: Any = request.user

        def send(data: dict[str, Any], key: str) -> Command:
            return commands.issue(device, method, data, user=user, request_key=key, confirmed=True)

        return self._ask(
            request,
            Question(
                device,
                gateway,
                _(declared.label),
                method,
                declared.danger,
                _role(declared),
                form_for(declared),
                send,
            ),
        )

    def property_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        device, gateway = self._asked(request, pk)
        settable = settings_of(device)
        if not settable:
            raise Http404
        user: Any = request.user

        def send(data: dict[str, Any], key: str) -> Command:
            return property_service.set_properties(device, data, user=user, request_key=key, confirmed=True)

        state = live_device.state_of(device)
        present = {name: state.properties[name] for name in settable if name in state.properties} if state else {}
        return self._ask(
            request,
            Question(
                device,
                gateway,
                _("Settings"),
                "property/set",
                Danger.CONFIRM,
                Role.OPERATOR,
                property_form(settable),
                send,
                _("It changes how a real machine behaves. Only what you fill in is changed."),
                live_device.pretty(present) if present else "",
                may_be_empty=False,
            ),
        )

    def services(self, request: HttpRequest, device: Device) -> list[dict[str, Any]]:
        """Every documented service of the device's gateway, by section."""
        gateway = device if device.is_gateway else device.gateway
        known = methods.for_product(gateway.product, Channel.SERVICES) if gateway else ()
        return [
            {
                "title": _(methods.section_label(section)),
                "methods": [
                    {
                        "label": _(method.label),
                        "name": method.name,
                        "mark": DANGER_MARKS.get(method.danger, ""),
                        "tone": "bad" if method.danger in (Danger.MOVES, Danger.WIPES) else "unsure",
                        "url": reverse("admin:devices_device_command", args=[device.pk, method.name]),
                        "reason": self.reason(request, device, _role(method)),
                    }
                    for method in group
                ],
            }
            for section, group in itertools.groupby(known, key=lambda method: method.section)
        ]

    def reason(self, request: HttpRequest, device: Device, role: Role) -> str:
        """Why this person cannot ask this device now; "" when they can."""
        if not covers(request, role):
            return _("This needs the role “%(role)s” in this workspace.") % {"role": role.label}
        try:
            gateway = commands.gateway_for(device)
        except CommandRefused as refusal:
            return refusal.message
        return "" if gateway.online else _("%(device)s is offline.") % {"device": gateway}

    def _asked(self, request: HttpRequest, pk: int) -> tuple[Device, Device]:
        device = self.get_object(request, str(pk))
        if device is None:
            raise Http404
        if not self.has_view_permission(request, device):
            raise PermissionDenied
        try:
            return device, commands.gateway_for(device)
        except CommandRefused as refusal:
            raise Http404(refusal.message) from None

    def _ask(self, request: HttpRequest, question: Question) -> HttpResponse:
        if request.method != "POST":
            return self._form_page(request, question, question.form(), _fresh_key())
        key = _key(request.POST.get("request_key"))
        form = question.form(request.POST)
        step = request.POST.get("step", "")
        if step == "edit" or not form.is_valid():
            return self._form_page(request, question, form, key, status=200 if step == "edit" else 400)
        data = form.command_data()
        if not data and not question.may_be_empty:
            form.add_error(None, _("Fill in at least one of them."))
            return self._form_page(request, question, form, key, status=400)
        if question.danger is not Danger.NONE and not (step == "confirm" and request.POST.get("checked")):
            return self._second_look(request, question, form, data, key, unticked=step == "confirm")
        try:
            command = question.send(data, key)
        except CommandRefused as refusal:
            return self._refused(request, question, form, key, refusal)
        return redirect(reverse("admin:devices_command_change", args=[command.pk]))

    def _refused(
        self, request: HttpRequest, question: Question, form: DeclaredForm, key: str, refusal: CommandRefused
    ) -> HttpResponse:
        elsewhere = []
        for path, text in refusal.errors.items():
            if path in form.fields:
                form.add_error(path, text)
            else:
                elsewhere.append(f"{path}: {text}")
        if elsewhere or not refusal.errors:
            form.add_error(None, elsewhere or [refusal.message])
        if refusal.reason == "key_reused":
            key = _fresh_key()
        return self._form_page(request, question, form, key, status=_STATUS.get(refusal.reason, 400))

    def _form_page(
        self, request: HttpRequest, question: Question, form: DeclaredForm, key: str, status: int = 200
    ) -> HttpResponse:
        return self._page(request, "console/command_form.html", question, key, status, form=form)

    def _second_look(
        self,
        request: HttpRequest,
        question: Question,
        form: DeclaredForm,
        data: dict[str, Any],
        key: str,
        *,
        unticked: bool,
    ) -> HttpResponse:
        typed = [(name, request.POST[name]) for name in form.fields if name in request.POST]
        return self._page(
            request,
            "console/confirm_command.html",
            question,
            key,
            data=live_device.pretty(data),
            typed=typed,
            unticked=unticked,
        )

    def _page(
        self,
        request: HttpRequest,
        template: str,
        question: Question,
        key: str,
        status: int = 200,
        **context: Any,
    ) -> HttpResponse:
        return self.page(
            request,
            template,
            status,
            title=question.title,
            subtitle=str(question.device),
            question=question,
            device=question.device,
            request_key=key,
            meaning=question.meaning or DANGERS.get(question.danger, ""),
            reason=self.reason(request, question.device, question.role),
            **context,
        )


def settings_of(device: Device) -> dict[str, properties.Property]:
    """What may be set on the device; its payloads by the index under which each reported itself."""
    settable = property_service.writable(device)
    if properties.PAYLOAD not in settable:
        return settable
    state = live_device.state_of(device)
    payload = {properties.PAYLOAD: settable.pop(properties.PAYLOAD)}
    for key in sorted(state.properties) if state else ():
        if key not in settable and (found := properties.resolve(payload, key)) is not None:
            settable[key] = found
    return settable


def _role(method: Method) -> Role:
    return Role(method.role) if method.role else Role.ADMIN


def _fresh_key() -> str:
    return str(uuid.uuid4())


def _key(given: str | None) -> str:
    """The key that the form carries; a fresh one for a form that lost it."""
    try:
        return str(uuid.UUID(given or ""))
    except ValueError:
        return _fresh_key()
