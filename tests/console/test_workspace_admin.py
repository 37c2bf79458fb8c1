"""Settings, people, tokens and audit: each sees one workspace, each does what the role allows."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.models import AccessToken, AuditEntry, Membership, Role, User, Workspace
from fleet.services import people, tokens
from tests import factories

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/fleet/membership/"
TOKENS = "/admin/fleet/accesstoken/"
AUDIT = "/admin/fleet/auditentry/"
WORKSPACES = "/admin/fleet/workspace/"
PASSWORD = "blue-Harvest-42"


@pytest.fixture
def boss(workspace: Workspace) -> User:
    return factories.make_user(workspace, Role.ADMIN, username="boss")


@pytest.fixture
def stranger(other_workspace: Workspace) -> User:
    return factories.make_user(other_workspace, Role.ADMIN, username="harbourmaster")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def joining(**fields: str) -> dict[str, str]:
    return {
        "username": "newcomer", "role": "pilot", "first_name": "Nea", "last_name": "Comer",
        "email": "nea@example.org", "password": PASSWORD, **fields,
    }  # fmt: skip


def changing(person: User, **fields: str) -> dict[str, str]:
    account = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
    return {"role": membership(person).role, **account, "password": "", **fields}


# --- nothing of the other workspace ---------------------------------------------------------------------------
def test_lists_show_one_workspace(
    workspace: Workspace, boss: User, other_workspace: Workspace, stranger: User
) -> None:
    tokens.issue(stranger, other_workspace, "harbour script")
    AuditEntry.objects.create(workspace=other_workspace, actor="harbourmaster", action="harbour.opened")
    AuditEntry.objects.create(workspace=None, actor="nobody-known", action="login.failed")
    client = signed_in(boss)
    for url in (PEOPLE, TOKENS, AUDIT, WORKSPACES):
        page = text(client.get(url))
        assert "harbour" not in page.lower(), url
        assert "nobody-known" not in page, url
    assert "boss" in text(client.get(PEOPLE))


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
            assert client.get(f"{url}{page}/").status_code in (302, 403), url
            assert client.post(
                f"{url}{page}/", {"post": "yes", "name": "taken", "role": "viewer"}
            ).status_code in (302, 403)
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
    assert "harbourmaster" not in text(page)


# --- people ---------------------------------------------------------------------------------------------------
def test_an_administrator_adds_somebody_who_can_log_in(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(f"{PEOPLE}add/", joining())
    assert answer.status_code == 302, text(answer)
    person = User.objects.get(username="newcomer")
    assert (person.first_name, person.last_name, person.email) == ("Nea", "Comer", "nea@example.org")
    assert not person.is_staff
    assert not person.is_superuser
    assert person.check_password(PASSWORD)
    assert membership(person).workspace == workspace
    assert membership(person).role == Role.PILOT
    entry = AuditEntry.objects.get(action="person.added")
    assert (entry.workspace, entry.user, entry.target, entry.detail) == (
        workspace,
        boss,
        "newcomer",
        {"role": "pilot"},
    )
    assert "newcomer" in text(signed_in(boss).get(PEOPLE))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"password": "short"}, "too short"),
        ({"password": ""}, "too short"),
        ({"username": "no spaces please"}, "Enter a valid username"),
        ({"email": "nowhere"}, "valid email"),
        ({"role": "emperor"}, "Select a valid choice"),
        ({"username": "HarbourMaster"}, "This user name is taken."),
    ],
)
def test_what_cannot_be_added_is_said(
    boss: User, stranger: User, fields: dict[str, str], complaint: str
) -> None:
    answer = signed_in(boss).post(f"{PEOPLE}add/", joining(**fields))
    assert answer.status_code == 200
    assert complaint in text(answer)
    assert not User.objects.filter(username="newcomer").exists()
    assert Membership.objects.filter(user=stranger).count() == 1


def test_nobody_but_a_superuser_takes_an_account_from_elsewhere(
    workspace: Workspace, boss: User, stranger: User
) -> None:
    with pytest.raises(people.NameTaken):
        people.add(workspace, username="harbourmaster", role=Role.VIEWER, by=boss)
    root = factories.make_user(workspace, Role.ADMIN, is_superuser=True)
    answer = signed_in(root).post(f"{PEOPLE}add/", joining(username="harbourmaster", password=""))
    assert answer.status_code == 302, text(answer)
    assert Membership.objects.filter(user=stranger, workspace=workspace, role=Role.PILOT).exists()
    again = signed_in(root).post(f"{PEOPLE}add/", joining(username="harbourmaster", password=""))
    assert "This person is a member already." in text(again)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT, Role.OPERATOR])
def test_others_look_and_touch_nothing(workspace: Workspace, boss: User, role: Role) -> None:
    client = signed_in(factories.make_user(workspace, role))
    assert "boss" in text(client.get(PEOPLE))
    page = f"{PEOPLE}{membership(boss).pk}/"
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", changing(boss, role="viewer")).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{PEOPLE}add/").status_code == 403
    assert client.post(f"{PEOPLE}add/", joining()).status_code == 403
    assert membership(boss).role == Role.ADMIN


def test_a_role_is_changed_and_recorded(workspace: Workspace, boss: User) -> None:
    person = factories.make_user(workspace, Role.VIEWER)
    answer = signed_in(boss).post(
        f"{PEOPLE}{membership(person).pk}/change/", changing(person, role="operator")
    )
    assert answer.status_code == 302, text(answer)
    assert membership(person).role == Role.OPERATOR
    entry = AuditEntry.objects.get(action="person.role")
    assert (entry.target, entry.detail) == (person.username, {"before": "viewer", "after": "operator"})


def test_the_last_administrator_stays(workspace: Workspace, boss: User) -> None:
    factories.make_user(workspace, Role.ADMIN, is_active=False)
    client, page = signed_in(boss), f"{PEOPLE}{membership(boss).pk}/"
    answer = client.post(f"{page}change/", changing(boss, role="viewer"))
    assert "last administrator" in text(answer)
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert membership(boss).role == Role.ADMIN
    with pytest.raises(people.LastAdmin):
        people.remove(membership(boss), by=boss)
    with pytest.raises(people.LastAdmin):
        people.change_role(membership(boss), Role.PILOT, by=boss)


def test_an_administrator_may_go_once_there_is_another(workspace: Workspace, boss: User) -> None:
    second = factories.make_user(workspace, Role.ADMIN)
    _token, key = tokens.issue(boss, workspace, "script")
    answer = signed_in(second).post(f"{PEOPLE}{membership(boss).pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Membership.objects.filter(user=boss).exists()
    assert User.objects.filter(pk=boss.pk).exists()
    Membership.objects.create(workspace=workspace, user=boss)
    assert tokens.find(key) is None, "a token must not come back to life with its owner"
    assert AuditEntry.objects.filter(action="person.removed", target="boss", user=second).exists()


def test_a_bulk_action_cannot_go_round_the_rule(workspace: Workspace, boss: User) -> None:
    data = {"action": "delete_selected", "_selected_action": [membership(boss).pk], "post": "yes"}
    signed_in(boss).post(PEOPLE, data)
    assert Membership.objects.filter(user=boss).exists()


def test_a_new_password_ends_tokens_and_sessions(workspace: Workspace, boss: User) -> None:
    person = factories.make_user(workspace, Role.PILOT)
    session = signed_in(person)
    _token, key = tokens.issue(person, workspace, "script")
    url = f"{PEOPLE}{membership(person).pk}/change/"
    weak = signed_in(boss).post(url, changing(person, password="12345"))
    assert "too short" in text(weak)
    assert signed_in(boss).post(url, changing(person, password=PASSWORD)).status_code == 302
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert tokens.find(key) is None
    assert session.get(PEOPLE).status_code == 302
    detail = AuditEntry.objects.get(action="person.account").detail
    assert detail == {"changed": ["password"]}


def test_ones_own_new_password_ends_ones_tokens(workspace: Workspace) -> None:
    user = factories.make_user(workspace, Role.VIEWER)
    _token, key = tokens.issue(user, workspace, "script")
    client, url = signed_in(user), "/admin/password_change/"
    form = {"old_password": "wrong", "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post(url, form).status_code == 200
    assert tokens.find(key) is not None
    assert client.post(url, form | {"old_password": "correct horse"}).status_code == 302
    assert tokens.find(key) is None
    assert client.get(PEOPLE).status_code == 200
    assert AuditEntry.objects.filter(action="person.account", user=user, workspace=workspace).exists()


def test_the_account_of_somebody_with_another_workspace_is_not_ours(
    workspace: Workspace, boss: User, other_workspace: Workspace
) -> None:
    person = factories.make_user(workspace, Role.PILOT)
    here = membership(person)
    Membership.objects.create(user=person, workspace=other_workspace, role=Role.ADMIN)
    data = {
        "role": "viewer",
        "first_name": "",
        "last_name": "",
        "email": "x@example.org",
        "password": PASSWORD,
    }
    assert signed_in(boss).post(f"{PEOPLE}{here.pk}/change/", data).status_code == 302
    person.refresh_from_db()
    here.refresh_from_db()
    assert person.check_password("correct horse")
    assert person.email == ""
    assert here.role == Role.VIEWER, "the role is ours to change"
    with pytest.raises(PermissionDenied):
        people.change_account(
            person, workspace, by=boss, first_name="", last_name="", email="", password=PASSWORD
        )


def test_a_superuser_is_nobodys_to_manage(workspace: Workspace, boss: User) -> None:
    root = factories.make_user(workspace, Role.VIEWER, is_superuser=True)
    assert not people.may_manage_account(boss, root, workspace)
    with pytest.raises(PermissionDenied):
        people.change_account(
            root, workspace, by=boss, first_name="", last_name="", email="", password=PASSWORD
        )


def test_the_service_asks_for_the_role_itself(workspace: Workspace, boss: User) -> None:
    operator = factories.make_user(workspace, Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        people.add(workspace, username="x", role=Role.VIEWER, by=operator, password=PASSWORD)
    with pytest.raises(PermissionDenied):
        people.change_role(membership(operator), Role.ADMIN, by=operator)
    with pytest.raises(PermissionDenied):
        people.remove(membership(boss), by=operator)
    with pytest.raises(ValidationError):
        people.add(workspace, username="x", role=Role.VIEWER, by=boss, password="1")


# --- tokens ---------------------------------------------------------------------------------------------------
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
    assert key[1] not in text(client.get(TOKENS)) + text(client.get(f"{TOKENS}{token.pk}/change/"))
    assert AuditEntry.objects.get(action="token.issued").target == "backup"
    assert key[1] not in str(list(AuditEntry.objects.values()))


def test_a_token_is_revoked(workspace: Workspace, boss: User) -> None:
    user = factories.make_user(workspace, Role.VIEWER)
    token, key = tokens.issue(user, workspace, "backup")
    signed_in(user).post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is None
    assert "revoked" in text(signed_in(user).get(TOKENS))
    entry = AuditEntry.objects.get(action="token.revoked")
    assert (entry.user, entry.target) == (user, "backup")


def test_only_administrators_see_the_tokens_of_others(workspace: Workspace, boss: User) -> None:
    token, key = tokens.issue(boss, workspace, "the boss's own")
    other = signed_in(factories.make_user(workspace, Role.OPERATOR))
    assert "the boss's own" not in text(other.get(TOKENS))
    assert other.get(f"{TOKENS}{token.pk}/change/").status_code == 302
    other.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is not None
    second = signed_in(factories.make_user(workspace, Role.ADMIN))
    assert "the boss's own" in text(second.get(TOKENS))
    second.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert tokens.find(key) is None


# --- settings -------------------------------------------------------------------------------------------------
SETTINGS = {
    "name": "Alpine rescue", "description": "", "platform_name": "Fleet", "time_zone": "Europe/Zurich",
    "bind_code": "ABCD2345", "app_id": "", "app_key": "very-secret", "app_license": "", "ntp_host": "", "ntp_port": "",
}  # fmt: skip


def test_an_administrator_changes_the_settings(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(f"{WORKSPACES}{workspace.pk}/change/", SETTINGS)
    assert answer.status_code == 302, text(answer)
    workspace.refresh_from_db()
    assert (workspace.time_zone, workspace.app_key) == ("Europe/Zurich", "very-secret")
    entry = AuditEntry.objects.get(action="workspace.changed")
    assert entry.detail["fields"]["time_zone"] == "Europe/Zurich"
    assert "app_key" in entry.detail["fields"]
    assert "very-secret" not in str(entry.detail)


def test_an_unknown_time_zone_is_refused(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(
        f"{WORKSPACES}{workspace.pk}/change/", SETTINGS | {"time_zone": "Mars/Olympus"}
    )
    assert "is no time zone" in text(answer)


def test_the_bind_code_is_renewed(workspace: Workspace, boss: User) -> None:
    client, url, old = signed_in(boss), f"{WORKSPACES}{workspace.pk}/change/", workspace.bind_code
    button = "fleet_workspace_renew_bind_code"
    assert f'name="{button}"' in client.get(url).content.decode()
    client.post(url, SETTINGS | {"bind_code": old, button: "1"})
    workspace.refresh_from_db()
    assert workspace.bind_code != old
    assert len(workspace.bind_code) == 8
    assert workspace.bind_code not in str(AuditEntry.objects.get(action="workspace.bind_code").detail)


@pytest.mark.parametrize(
    ("role", "code_shown"), [(Role.VIEWER, False), (Role.PILOT, False), (Role.OPERATOR, True)]
)
def test_others_read_the_settings_without_secrets(workspace: Workspace, role: Role, code_shown: bool) -> None:
    Workspace.objects.update(app_id="id-123456", app_key="key-abcdef", app_license="licence-xyz")
    client, url = signed_in(factories.make_user(workspace, role)), f"{WORKSPACES}{workspace.pk}/change/"
    page = text(client.get(url))
    assert str(workspace.pk) in page
    assert (workspace.bind_code in page) is code_shown
    for secret in ("id-123456", "key-abcdef", "licence-xyz"):
        assert secret not in page
    assert client.post(url, SETTINGS | {"fleet_workspace_renew_bind_code": "1"}).status_code == 403
    assert client.get(f"{WORKSPACES}add/").status_code == 403


def test_a_superuser_adds_workspaces_and_sees_all(
    workspace: Workspace, other_workspace: Workspace, boss: User
) -> None:
    root = factories.make_user(workspace, Role.ADMIN, is_superuser=True)
    client = signed_in(root)
    answer = client.post(f"{WORKSPACES}add/", SETTINGS | {"name": "Coast guard"})
    assert answer.status_code == 302, text(answer)
    made = Workspace.objects.get(name="Coast guard")
    assert Membership.objects.get(workspace=made).user == root
    assert AuditEntry.objects.filter(action="workspace.added", workspace=made, user=root).exists()
    page = text(client.get(WORKSPACES))
    assert all(name in page for name in ("Alpine rescue", "Harbour police", "Coast guard"))
    assert signed_in(boss).post(f"{WORKSPACES}add/", SETTINGS | {"name": "Mine"}).status_code == 403


# --- audit ----------------------------------------------------------------------------------------------------
def test_the_audit_is_read_searched_and_never_changed(workspace: Workspace) -> None:
    entry = AuditEntry.objects.create(
        workspace=workspace, actor="ann", action="dock.opened", detail={"a": "<b>"}
    )
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
    assert "nobody-known" in text(signed_in(root).get(AUDIT))


# --- queries --------------------------------------------------------------------------------------------------
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
