"""Who gets into the console, how they log in, and the switch between workspaces."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from fleet.admin_site import FleetAdminSite
from fleet.models import AuditEntry, Membership, Role, Workspace
from fleet.services import lockout
from tests import factories
from tests.console.pages import signed_in

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
PEOPLE = "/admin/fleet/membership/"


def log_in(client: Client, name: str, password: str, **extra: Any) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def test_the_console_is_our_own_site() -> None:
    assert isinstance(admin.site, FleetAdminSite) or admin.site.__class__ is FleetAdminSite


def test_a_member_needs_not_be_staff(workspace: Workspace) -> None:
    user = factories.make_user(workspace, Role.VIEWER)
    answer = log_in(Client(), user.username, "correct horse")
    assert not user.is_staff
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:index")
    assert AuditEntry.objects.filter(action="login", user=user, workspace=workspace).exists()


def test_staff_without_a_workspace_stay_outside(workspace: Workspace) -> None:
    user = factories.make_user(is_staff=True)
    answer = log_in(Client(), user.username, "correct horse")
    assert answer.status_code == 200
    assert "You belong to no workspace yet" in answer.content.decode()
    assert signed_in(user).get(PEOPLE).status_code == 302


def test_a_superuser_gets_in_without_any_workspace() -> None:
    user = factories.make_user(is_superuser=True)
    assert signed_in(user).get("/admin/fleet/workspace/").status_code == 200
    assert signed_in(user).get(PEOPLE).status_code == 200


def test_nobody_gets_in_after_their_membership_ended(workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    client = signed_in(user)
    assert client.get(PEOPLE).status_code == 200
    Membership.objects.filter(user=user).delete()
    assert client.get(PEOPLE).status_code == 302


def test_a_disabled_account_is_refused_like_a_wrong_password(workspace: Workspace) -> None:
    user = factories.make_user(workspace, is_active=False)
    answer = log_in(Client(), user.username, "correct horse")
    assert "The user name or the password is wrong." in answer.content.decode()


def test_the_start_page_is_the_map(workspace: Workspace) -> None:
    answer = signed_in(factories.make_user(workspace)).get("/admin/")
    assert answer.status_code == 302
    assert answer.url == reverse("console:map")


def test_a_guesser_is_locked_out_even_with_the_right_password(workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    client = Client()
    for _ in range(lockout.PER_NAME_AND_ADDRESS):
        answer = log_in(client, user.username, "wrong")
        assert "The user name or the password is wrong." in answer.content.decode()
    answer = log_in(client, user.username, "correct horse")
    assert answer.status_code == 200
    assert "Too many failed logins. Try again in 10 minutes." in answer.content.decode()
    elsewhere = log_in(Client(), user.username, "correct horse", REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 302
    assert AuditEntry.objects.filter(action="login.failed").count() == lockout.PER_NAME_AND_ADDRESS
    assert AuditEntry.objects.filter(action="login.locked", actor=user.username).count() == 1


def test_a_right_password_forgives_failures(workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    for _ in range(3):
        for _ in range(lockout.PER_NAME_AND_ADDRESS - 1):
            log_in(Client(), user.username, "wrong")
        assert log_in(Client(), user.username, "correct horse").status_code == 302


def test_the_switcher_lists_ones_own_workspaces_only(workspace: Workspace, other_workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    alone = signed_in(user).get(PEOPLE).content.decode()
    assert "Alpine rescue" in alone
    assert "Harbour police" not in alone
    Membership.objects.create(user=user, workspace=other_workspace, role=Role.VIEWER)
    both = signed_in(user).get(PEOPLE).content.decode()
    form = re.search(r"<form[^>]*data-workspace-switcher.*?</form>", both, re.DOTALL)
    assert form is not None
    assert "csrfmiddlewaretoken" in form[0]
    assert f'action="{reverse("choose_workspace")}"' in form[0]
    assert f'value="{workspace.pk}" selected' in form[0]
    assert "Harbour police" in form[0]


def test_switching_changes_what_the_pages_show(workspace: Workspace, other_workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    Membership.objects.create(user=user, workspace=other_workspace, role=Role.VIEWER)
    factories.make_user(workspace, username="alpinist")
    factories.make_user(other_workspace, username="sailor")
    client = signed_in(user)
    assert "alpinist" in client.get(PEOPLE).content.decode()
    answer = client.post(reverse("choose_workspace"), {"workspace": str(other_workspace.pk), "next": PEOPLE})
    assert answer.url == PEOPLE
    page = client.get(PEOPLE).content.decode()
    assert "sailor" in page
    assert "alpinist" not in page


@pytest.mark.parametrize("wanted", ["foreign", "not-a-uuid", ""])
def test_the_switch_refuses_a_foreign_workspace(workspace: Workspace, other_workspace: Workspace, wanted: str) -> None:
    client = signed_in(factories.make_user(workspace))
    value = str(other_workspace.pk) if wanted == "foreign" else wanted
    assert client.post(reverse("choose_workspace"), {"workspace": value}).status_code == 404
    assert "Harbour police" not in client.get(PEOPLE).content.decode()


def test_the_switch_leads_nowhere_outside_and_needs_a_csrf_token(workspace: Workspace) -> None:
    user = factories.make_user(workspace)
    data = {"workspace": str(workspace.pk), "next": "https://elsewhere.example/"}
    assert signed_in(user).post(reverse("choose_workspace"), data).url == reverse("admin:index")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(reverse("choose_workspace"), data).status_code == 403


def test_the_switch_leads_to_a_page_that_opens_there(workspace: Workspace, other_workspace: Workspace) -> None:
    user = factories.make_user(workspace, Role.ADMIN)
    row = f"{PEOPLE}{Membership.objects.get(user=user).pk}/change/"
    Membership.objects.create(user=user, workspace=other_workspace, role=Role.VIEWER)
    client, the_map = signed_in(user), reverse("console:map")
    expected = {
        PEOPLE: PEOPLE,
        row: PEOPLE,
        f"{PEOPLE}add/": PEOPLE,
        "/admin/fleet/auditentry/": the_map,
        the_map: the_map,
    }
    for page, leads_to in expected.items():
        assert client.get(page).context["after_switch"] == leads_to, page


def test_times_are_shown_in_the_time_zone_of_the_workspace(workspace: Workspace) -> None:
    workspace.time_zone = "Asia/Tokyo"
    workspace.save()
    user = factories.make_user(workspace, Role.OPERATOR)
    entry = AuditEntry.objects.create(workspace=workspace, actor="somebody", action="test.zone")
    AuditEntry.objects.filter(pk=entry.pk).update(at=datetime(2026, 3, 1, 20, 15, tzinfo=UTC))
    client = signed_in(user)
    url = f"/admin/fleet/auditentry/{entry.pk}/change/"
    assert "March 2, 2026, 5:15 a.m." in client.get(url).content.decode()
    workspace.time_zone = "America/Lima"
    workspace.save()
    assert "March 1, 2026, 3:15 p.m." in client.get(url).content.decode()


def links(client: Client) -> list[str]:
    page = client.get(PEOPLE)
    items = [item for group in page.context["sidebar_navigation"] for item in group["items"]]
    return [str(item.get("link_callback") or item["link"]) for item in items if item["has_permission"]]


@pytest.mark.parametrize("role", list(Role))
def test_no_link_of_the_sidebar_leads_to_a_refusal(workspace: Workspace, role: Role) -> None:
    client = signed_in(factories.make_user(workspace, role))
    shown = links(client)
    assert PEOPLE in shown
    assert ("/admin/fleet/auditentry/" in shown) is role.covers(Role.OPERATOR)
    assert "/admin/fleet/workspace/" not in shown
    for link in shown:
        if link.startswith("/admin/"):
            assert client.get(link, follow=True).status_code == 200, link


def test_a_superuser_also_finds_all_workspaces(workspace: Workspace) -> None:
    client = signed_in(factories.make_user(workspace, Role.ADMIN, is_superuser=True))
    assert "/admin/fleet/workspace/" in links(client)


def test_only_the_set_filter_of_a_list_is_lit(workspace: Workspace) -> None:
    client = signed_in(factories.make_user(workspace, Role.ADMIN))
    page = client.get("/admin/devices/device/?domain__exact=2")
    items = [item for group in page.context["sidebar_navigation"] for item in group["items"]]
    assert [str(item["title"]) for item in items if item["active"]] == ["Remotes"]


def test_it_has_a_picture_in_the_browser_s_tab() -> None:
    page = Client().get(LOGIN).content.decode()
    assert re.search(r'<link rel="icon" href="[^"]*icons/fleet[^"]*\.svg"', page)
