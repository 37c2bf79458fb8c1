"""People of a workspace: joining, roles, accounts, leaving; the last administrator stays."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from fleet.models import AuditEntry, Membership, Role, User, Workspace
from fleet.services import people, tokens
from tests import factories
from tests.console.pages import membership, signed_in, words

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/fleet/membership/"
PASSWORD = "blue-Harvest-42"


def joining(**fields: str) -> dict[str, str]:
    return {
        "username": "newcomer", "role": "pilot", "first_name": "Nea", "last_name": "Comer",
        "email": "nea@example.org", "password": PASSWORD, **fields,
    }  # fmt: skip


def changing(person: User, **fields: str) -> dict[str, str]:
    account = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
    return {"role": membership(person).role, **account, "password": "", **fields}


def test_an_administrator_adds_somebody_who_can_log_in(workspace: Workspace, boss: User) -> None:
    answer = signed_in(boss).post(f"{PEOPLE}add/", joining())
    assert answer.status_code == 302, words(answer)
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
    assert "newcomer" in words(signed_in(boss).get(PEOPLE))


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
def test_what_cannot_be_added_is_said(boss: User, stranger: User, fields: dict[str, str], complaint: str) -> None:
    answer = signed_in(boss).post(f"{PEOPLE}add/", joining(**fields))
    assert answer.status_code == 200
    assert complaint in words(answer)
    assert not User.objects.filter(username="newcomer").exists()
    assert Membership.objects.filter(user=stranger).count() == 1


def test_nobody_but_a_superuser_takes_an_account_from_elsewhere(
    workspace: Workspace, boss: User, stranger: User
) -> None:
    with pytest.raises(people.NameTaken):
        people.add(workspace, username="harbourmaster", role=Role.VIEWER, by=boss)
    root = factories.make_user(workspace, Role.ADMIN, is_superuser=True)
    answer = signed_in(root).post(f"{PEOPLE}add/", joining(username="harbourmaster", password=""))
    assert answer.status_code == 302, words(answer)
    assert Membership.objects.filter(user=stranger, workspace=workspace, role=Role.PILOT).exists()
    again = signed_in(root).post(f"{PEOPLE}add/", joining(username="harbourmaster", password=""))
    assert "This person is a member already." in words(again)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PILOT, Role.OPERATOR])
def test_others_look_and_touch_nothing(workspace: Workspace, boss: User, role: Role) -> None:
    client = signed_in(factories.make_user(workspace, role))
    assert "boss" in words(client.get(PEOPLE))
    page = f"{PEOPLE}{membership(boss).pk}/"
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", changing(boss, role="viewer")).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{PEOPLE}add/").status_code == 403
    assert client.post(f"{PEOPLE}add/", joining()).status_code == 403
    assert membership(boss).role == Role.ADMIN


def test_a_role_is_changed_and_recorded(workspace: Workspace, boss: User) -> None:
    person = factories.make_user(workspace, Role.VIEWER)
    answer = signed_in(boss).post(f"{PEOPLE}{membership(person).pk}/change/", changing(person, role="operator"))
    assert answer.status_code == 302, words(answer)
    assert membership(person).role == Role.OPERATOR
    entry = AuditEntry.objects.get(action="person.role")
    assert (entry.target, entry.detail) == (person.username, {"before": "viewer", "after": "operator"})


def test_the_last_administrator_stays(workspace: Workspace, boss: User) -> None:
    factories.make_user(workspace, Role.ADMIN, is_active=False)
    client, page = signed_in(boss), f"{PEOPLE}{membership(boss).pk}/"
    answer = client.post(f"{page}change/", changing(boss, role="viewer"))
    assert "last administrator" in words(answer)
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
    assert "too short" in words(weak)
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
        people.change_account(person, workspace, by=boss, first_name="", last_name="", email="", password=PASSWORD)


def test_a_superuser_is_nobodys_to_manage(workspace: Workspace, boss: User) -> None:
    root = factories.make_user(workspace, Role.VIEWER, is_superuser=True)
    assert not people.may_manage_account(boss, root, workspace)
    with pytest.raises(PermissionDenied):
        people.change_account(root, workspace, by=boss, first_name="", last_name="", email="", password=PASSWORD)


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
