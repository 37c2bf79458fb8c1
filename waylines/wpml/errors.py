"""What this package refuses, in words that a door can translate."""

from __future__ import annotations

from typing import Any


def gettext_noop(text: str) -> str:
    """Marks a sentence for `makemessages`; this package itself knows no languages."""
    return text


class WpmlError(ValueError):
    """A route file or a plan that is refused.

    `reason` is a stable word for programs. `template` is an English sentence with `%(name)s` places and `params`
    fills them: a door shows `gettext(error.template) % error.params`. `message` is that sentence in English.
    """

    def __init__(self, reason: str, template: str, **params: Any) -> None:
        self.reason = reason
        self.template = template
        self.params = params
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return self.template % self.params if self.params else self.template.replace("%%", "%")


class PlanError(WpmlError):
    """A plan that cannot be written. `field` is the path of what is wrong, such as "points[3].height"."""

    def __init__(self, field: str, reason: str, template: str, **params: Any) -> None:
        self.field = field
        super().__init__(reason, template, **params)
