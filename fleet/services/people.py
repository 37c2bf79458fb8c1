"""Who joins a workspace, what they may do, who leaves. It never loses its last administrator."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.models import AccessToken, Membership, Role, User, Workspace
from fleet.services import access, audit


class LastAdmin(PermissionDenied):
    """Nobody would be left who could administer the workspace."""

    def __init__(self) -> None:
        super().__init__(_("This is the workspace's last administrator. Make somebody else an administrator first."))


class NameTaken(ValidationError):
    """The user name belongs to an account that this person may not add."""

    def __init__(self) -> None:
        super().__init__(_("This user name is taken. Choose another one."), code="taken")


def is_last_admin(membership: Membership) -> bool:
    """Whether without this membership no active administrator would be left."""
    if membership.role != Role.ADMIN:
        return False
    return not _admins(membership.workspace).exclude(pk=membership.pk).exists()


def may_manage_account(by: User, person: User, workspace: Workspace) -> bool:
    """Whether `by` may set the person's password, name and email, which count in all of their workspaces.

    An administrator may for accounts that have a part in no other workspace; a superuser always.
    """
    if by.is_superuser or by == person:
        return True
    if person.is_superuser or not access.may(by, workspace, Role.ADMIN):
        return False
    places = set(Membership.objects.filter(user=person).values_list("workspace_id", flat=True))
    return places == {workspace.pk}


@transaction.atomic
def add(
    workspace: Workspace,
    *,
    username: str,
    role: Role | str,
    by: User,
    password: str = "",
    first_name: str = "",
    last_name: str = "",
    email: str = "",
) -> Membership:
    """A new account with its role here. Without a password a superuser adds an account that exists already.

    Raises `Forbidden` when `by` is no administrator here, `ValidationError` for a weak or missing
    password, and `NameTaken`.
    """
    access.require(by, workspace, Role.ADMIN)
    person = User.objects.filter(username__iexact=username).first()
    if person is None:
        person = User(username=username, first_name=first_name, last_name=last_name, email=email)
        validate_password(password, person)
        person.set_password(password)
        person.full_clean()
        person.save()
    elif password or not by.is_superuser:
        raise NameTaken
    try:
        with transaction.atomic():
            membership = Membership.objects.create(workspace=workspace, user=person, role=Role(role))
    except IntegrityError as error:
        raise ValidationError(_("This person is a member already."), code="member") from error
    audit.record("person.added", workspace=workspace, user=by, target=person.get_username(), role=str(role))
    return membership


@transaction.atomic
def change_role(membership: Membership, role: Role | str, *, by: User) -> None:
    """Raises `Forbidden`, and `LastAdmin` when it would leave the workspace without an administrator."""
    access.require(by, membership.workspace, Role.ADMIN)
    stored = _locked(membership)
    before, after = Role(stored.role), Role(role)
    if before == after:
        return
    if is_last_admin(stored):
        raise LastAdmin
    stored.role = after
    stored.save(update_fields=["role"])
    membership.role = after
    audit.record(
        "person.role",
        workspace=stored.workspace,
        user=by,
        target=stored.user.get_username(),
        before=before.value,
        after=after.value,
    )


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """End somebody's part in the workspace, and their tokens for it. The account stays.

    Raises `Forbidden` and `LastAdmin`.
    """
    access.require(by, membership.workspace, Role.ADMIN)
    stored = _locked(membership)
    if is_last_admin(stored):
        raise LastAdmin
    _end_tokens(stored.user, stored.workspace)
    stored.delete()
    audit.record("person.removed", workspace=stored.workspace, user=by, target=stored.user.get_username())


@transaction.atomic
def change_account(
    person: User,
    workspace: Workspace,
    *,
    by: User,
    first_name: str,
    last_name: str,
    email: str,
    password: str = "",
) -> None:
    """Name, email and, if given, a new password, which ends the person's tokens and sessions everywhere.

    Raises `Forbidden` when the account is not `by`'s to manage, `ValidationError` for a weak password.
    """
    if not may_manage_account(by, person, workspace):
        raise access.Forbidden(_("This account counts elsewhere too; only its owner may change it."))
    wanted = {"first_name": first_name, "last_name": last_name, "email": email}
    changed = [name for name, value in wanted.items() if getattr(person, name) != value]
    for name in changed:
        setattr(person, name, wanted[name])
    if password:
        validate_password(password, person)
        person.set_password(password)
        _end_tokens(person)
        changed.append("password")
    if changed:
        person.full_clean(exclude=["password"])
        person.save(update_fields=changed)
        audit.record("person.account", workspace=workspace, user=by, target=person.get_username(), changed=changed)


@transaction.atomic
def own_password_changed(person: User, workspace: Workspace | None) -> None:
    """What follows when somebody chose a new password for themselves: tokens got with the old one end."""
    _end_tokens(person)
    audit.record("person.account", workspace=workspace, user=person, target=person.get_username(), changed=["password"])


def _admins(workspace: Workspace) -> QuerySet[Membership]:
    return Membership.objects.filter(workspace=workspace, role=Role.ADMIN, user__is_active=True)


def _locked(membership: Membership) -> Membership:
    """The stored row. Its workspace is the lock: two administrators cannot remove each other at once."""
    Workspace.objects.select_for_update().get(pk=membership.workspace_id)
    return Membership.objects.select_related("user", "workspace").get(pk=membership.pk)


def _end_tokens(person: User, workspace: Workspace | None = None) -> None:
    tokens = AccessToken.objects.filter(user=person, revoked_at=None)
    if workspace is not None:
        tokens = tokens.filter(workspace=workspace)
    tokens.update(revoked_at=timezone.now())
