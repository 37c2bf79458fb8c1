"""Settings, tokens and audit: each sees one workspace, each does what the role allows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.models import AccessToken, AuditEntry, Membership, Role, User, Workspace
from fleet.services import tokens
from tests import factories
from tests.console.pages import membership, signed_in, words

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/fleet/membership/"
TOKENS = "/admin/fleet/accesstoken/"
AUDIT = "/admin/fleet/auditentry/"
WORKSPACES = "/admin/fleet/workspace/"


# --- nothing of the other workspace -------------------------------------------------------------------------
def test_lists_show_one_workspace(workspace: Workspace, boss: User, other_workspace: Workspace, stranger: User) -> None:
    tokens.issue(stranger, other_workspace, "harbour script")
    AuditEntry.objects.create(workspace=other_workspace, actor="harbourmaster", action="harbour.opened")
    AuditEntry.objects.create(workspace=None, actor="nobody-known", action="login.failed")
    client = signed_in(boss)
    for url in (PEOPLE, TOKENS, AUDIT, WORKSPACES):
        page = words(client.get(url))
        assert "harbour" not in page.lower(), url
        assert "nobody-known" not in page, url
    assert "boss" in words(client.get(PEOPLE))


def test_pages_of_foreign_rows_do_not_open(boss: User, other_workspace: Workspace, stranger: User) -> None:
    token, _key = tokens.issue(stranger, other_workspace, "harbour script")
    entry = AuditEntry.objects.create(workspace=other_workspace, actor="x", action="harbour.opened")
    client = signed_in(boss)
    for url in (
        f"{PEOPLE}{membership(stranger).pk}/",
        f"{TOKENS}{token.pk}/",
        f"{AUDIT}{entry.pk}/",
        f"{WORKSPACES}{other_workspace.pk}/",
    ):
        for page in ("change", "delete", "history"):
            assert client.get(f"{url}{page}/").status_code in (403, 404), url
            assert client.post(f"{url}{page}/", {"post": "yes", "name": "taken", "role": "viewer"}).status_code in (
                403,
                404,
            )
    other_workspace.refresh_from_db()
    assert other_workspace.name == "Harbour police"
    assert membership(stranger).role == Role.ADMIN


def test_a_foreign_token_cannot_be_revoked(boss: User, other_workspace: Workspace, stranger: User) -> None:
    token, key = tokens.issue(stranger, other_workspace, "harbour script")
    signed_in(boss).post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is not None


def test_a_filter_offers_people_of_this_workspace_only(boss: User, stranger: User) -> None:
    from fleet.admin.base import limits

    assert set(User.objects.filter(limits(User, membership(boss).workspace))) == {boss}
    page = signed_in(boss).get(f"{AUDIT}?user__id__exact={stranger.pk}")
    assert "harbourmaster" not in words(page)


# --- tokens -------------------------------------------------------------------------------------------------
def test_a_token_is_shown_once_and_works(workspace: Workspace) -> None:
    user = factories.make_user(workspace, Role.VIEWER)
    client = signed_in(user)
    answer = client.post(f"{TOKENS}add/", {"name": "backup", "lifetime": "7"})
    key = re.search(r"data-key>([^<]+)<", answer.content.decode())
    assert key is not None
    assert "no-store" in answer.headers["Cache-Control"]
    token = tokens.find(key[1])
    assert token is not None
    assert (token.user, token.workspace, token.name) == (user, workspace, "backup")
    assert abs(token.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert AccessToken.objects.count() == 1
    assert key[1] not in words(client.get(TOKENS)) + words(client.get(f"{TOKENS}{token.pk}/change/"))
    assert AuditEntry.objects.get(action="token.issued").target == "backup"
    assert key[1] not in str(list(AuditEntry.objects.values()))


def test_a_token_is_revoked(workspace: Workspace, boss: User) -> None:
    user = factories.make_user(workspace, Role.VIEWER)
    token, key = tokens.issue(user, workspace, "backup")
    signed_in(user).post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is None
    assert "revoked" in words(signed_in(user).get(TOKENS))
    entry = AuditEntry.objects.get(action="token.revoked")
    assert (entry.user, entry.target) == (user, "backup")


def test_only_administrators_see_the_tokens_of_others(workspace: Workspace, boss: User) -> None:
    token, key = tokens.issue(boss, workspace, "the boss's own")
    other = signed_in(factories.make_user(workspace, Role.OPERATOR))
    assert "the boss's own" not in words(other.get(TOKENS))
    assert other.get(f"{TOKENS}{token.pk}/change/").status_code == 404
    other.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is not None
    second = signed_in(factories.make_user(workspace, Role.ADMIN))
    assert "the boss's own" in words(second.get(TOKENS))
    second.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is None


# --- settings -----------------------------------------------------------------------------------------------
SETTINGS = {
    "name": "Alpine rescue", "description": "", "platform_name": "Fleet", "time_zone": "Europe/Zurich",
    "bind_code": "ABCD2345", "app_id": "", "app_key": "very-secret", "app_license": "",
    "ntp_host": "", "ntp_port": "",
}  # fmt: skip


def test_an_administrator_changes_the_settings(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(f"{WORKSPACES}{workspace.pk}/change/", SETTINGS)
    assert answer.status_code == 302, words(answer)
    workspace.refresh_from_db()
    assert (workspace.time_zone, workspace.app_key) == ("Europe/Zurich", "very-secret")
    entry = AuditEntry.objects.get(action="workspace.changed")
    assert entry.detail["fields"]["time_zone"] == "Europe/Zurich"
    assert "app_key" in entry.detail["fields"]
    assert "very-secret" not in str(entry.detail)


def test_an_unknown_time_zone_is_refused(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(f"{WORKSPACES}{workspace.pk}/change/", SETTINGS | {"time_zone": "Mars/Olympus"})
    assert "is no time zone" in words(answer)


def test_the_bind_code_is_renewed(workspace: Workspace, boss: User) -> None:
    client, url, old = signed_in(boss), f"{WORKSPACES}{workspace.pk}/change/", workspace.bind_code
    button = "fleet_workspace_renew_bind_code"
    assert f'name="{button}"' in client.get(url).content.decode()
    client.post(url, SETTINGS | {"bind_code": old, button: "1"})
    workspace.refresh_from_db()
    assert workspace.bind_code != old
    assert len(workspace.bind_code) == 8
    assert workspace.bind_code not in str(AuditEntry.objects.get(action="workspace.bind_code").detail)


@pytest.mark.parametrize(("role", "code_shown"), [(Role.VIEWER, False), (Role.PILOT, False), (Role.OPERATOR, True)])
def test_others_read_the_settings_without_secrets(workspace: Workspace, role: Role, code_shown: bool) -> None:
    Workspace.objects.update(app_id="id-123456", app_key="key-abcdef", app_license="licence-xyz")
    client, url = signed_in(factories.make_user(workspace, role)), f"{WORKSPACES}{workspace.pk}/change/"
    page = words(client.get(url))
    assert str(workspace.pk) in page
    assert (workspace.bind_code in page) is code_shown
    for secret in ("id-123456", "key-abcdef", "licence-xyz"):
        assert secret not in page
    assert client.post(url, SETTINGS | {"fleet_workspace_renew_bind_code": "1"}).status_code == 403
    assert client.get(f"{WORKSPACES}add/").status_code == 403


def test_a_superuser_adds_workspaces_and_sees_all(workspace: Workspace, other_workspace: Workspace, boss: User) -> None:
    root = factories.make_user(workspace, Role.ADMIN, is_superuser=True)
    client = signed_in(root)
    answer = client.post(f"{WORKSPACES}add/", SETTINGS | {"name": "Coast guard"})
    assert answer.status_code == 302, words(answer)
    made = Workspace.objects.get(name="Coast guard")
    assert Membership.objects.get(workspace=made).user == root
    assert AuditEntry.objects.filter(action="workspace.added", workspace=made, user=root).exists()
    page = words(client.get(WORKSPACES))
    assert all(name in page for name in ("Alpine rescue", "Harbour police", "Coast guard"))
    assert signed_in(boss).post(f"{WORKSPACES}add/", SETTINGS | {"name": "Mine"}).status_code == 403


# --- audit --------------------------------------------------------------------------------------------------
def test_the_audit_is_read_searched_and_never_changed(workspace: Workspace) -> None:
    entry = AuditEntry.objects.create(workspace=workspace, actor="ann", action="dock.opened", detail={"a": "<b>"})
    AuditEntry.objects.create(workspace=workspace, actor="bob", action="dock.closed")
    client = signed_in(factories.make_user(workspace, Role.OPERATOR))
    found = client.get(f"{AUDIT}?q=ann").context["cl"]
    assert [row.actor for row in found.queryset] == ["ann"]
    page = client.get(f"{AUDIT}{entry.pk}/change/")
    assert "&lt;b&gt;" in page.content.decode()
    for url in (f"{AUDIT}{entry.pk}/change/", f"{AUDIT}{entry.pk}/delete/", f"{AUDIT}add/"):
        assert client.post(url, {"actor": "eve", "post": "yes"}).status_code == 403
    assert signed_in(factories.make_user(workspace, Role.PILOT)).get(AUDIT).status_code == 403


def test_a_superuser_also_sees_entries_of_no_workspace(workspace: Workspace) -> None:
    AuditEntry.objects.create(workspace=None, actor="nobody-known", action="login.failed")
    root = factories.make_user(workspace, Role.ADMIN, is_superuser=True)
    assert "nobody-known" in words(signed_in(root).get(AUDIT))


# --- queries ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("url", [PEOPLE, TOKENS, AUDIT])
def test_queries_do_not_grow_with_rows(workspace: Workspace, boss: User, url: str) -> None:
    def add_one() -> None:
        user = factories.make_user(workspace, Role.PILOT)
        tokens.issue(user, workspace, "script")
        AuditEntry.objects.create(workspace=workspace, user=user, actor=user.username, action="test.done")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    client = signed_in(boss)
    add_one()
    few = count()
    for _ in range(12):
        add_one()
    assert count() == few
    assert few <= 16
