"""Which routes a remote or a script asks for (page "Obtain Wayline List")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from fleet.models import User
from waylines.models import Route, RouteFavorite

#: What `order_by` may name, and the column behind it.
COLUMNS = {
    "name": "name",
    "update_time": "updated_at",
    "create_time": "created_at",
    "user_name": "user_name",
    "drone_model_key": "drone_model_key",
}


class HoldsLike(Func):
    """Whether a JSON column that is a list has an entry like a pattern (`LIKE`), in SQLite and in PostgreSQL."""

    output_field = BooleanField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") WHERE value LIKE (", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "EXISTS (SELECT 1 FROM jsonb_array_elements_text(%(expressions)s)"
        joiner = ") AS held(entry) WHERE held.entry LIKE ("
        return self.as_sql(compiler, connection, template=template, arg_joiner=joiner, **extra)

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:  # type: ignore[override]
        sql, params = super().as_sql(compiler, connection, **extra)
        return f"{sql})", params


def starred(user: User) -> Exists:
    """Whether the row's route has this person's star."""
    return Exists(RouteFavorite.objects.filter(route=OuterRef("pk"), user=user))


def routes(
    workspace_id: UUID,
    user: User,
    *,
    favorited: bool = False,
    template_types: Iterable[int] = (),
    action_type: int = 0,
    drone_model_keys: Iterable[str] = (),
    payload_model_keys: Iterable[str] = (),
    key: str = "",
    order_by: str = "",
) -> QuerySet[Route]:
    """The workspace's routes that fit all of it, each with `favorited` and its file. An empty filter lets all through.

    Model keys are `domain-type-sub_type`; a bare type stands for all its sub types. `action_type` 1 is AI Spot-Check.
    """
    found = Route.objects.filter(workspace_id=workspace_id).select_related("file")
    found = found.defer("file__facts", "file__outline").annotate(favorited=starred(user))
    if favorited:
        found = found.filter(favorited=True)
    if types := list(template_types):
        found = found.filter(_any(HoldsLike(F("template_types"), Value(str(number))) for number in types))
    if action_type:
        found = found.filter(action_type=action_type)
    if drones := list(drone_model_keys):
        found = found.filter(_any(_is_model("drone_model_key", wanted) for wanted in drones))
    if payloads := list(payload_model_keys):
        found = found.filter(_any(HoldsLike(F("payload_model_keys"), Value(_pattern(1, key))) for key in payloads))
    if key:
        found = found.filter(name__icontains=key)
    return found.order_by(*ordering(order_by))


def _any(conditions: Iterable[Any]) -> Q:
    joined = Q()
    for condition in conditions:
        joined |= Q(condition)
    return joined


def _is_model(column: str, wanted: str) -> Q:
    parts = _numbers(wanted)
    if len(parts) == 1:
        return Q(**{f"{column}__startswith": f"0-{parts[0]}-"})
    return Q(**{column: "-".join(parts)})


def _pattern(domain: int, wanted: str) -> str:
    """Digits and dashes only, so that nothing in it is a wildcard but ours."""
    parts = _numbers(wanted)
    return f"{domain}-{parts[0]}-%" if len(parts) == 1 else "-".join(parts)


def _numbers(key: str) -> Sequence[str]:
    parts = key.strip().split("-")
    return parts if all(part.isascii() and part.isdigit() for part in parts) else ["x", "x", "x"]


def ordering(order_by: str) -> list[Any]:
    """From "update_time desc, name asc"; unknown columns are passed over, the newest first when none is left."""
    found: list[Any] = []
    for term in order_by.split(","):
        column, _space, direction = term.strip().partition(" ")
        if field := COLUMNS.get(column.lower()):
            by = Lower(field) if field in ("name", "user_name") else F(field)
            found.append(by.desc() if direction.strip().lower() == "desc" else by.asc())
    return [*(found or [F("updated_at").desc()]), "pk"]
