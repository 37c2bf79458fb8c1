"""What the scripts of the route pages say."""

from __future__ import annotations

from django.utils.translation import gettext as _

Words = dict[str, str]


def showing() -> Words:
    """The page of a route."""
    return {
        "noMap": _("The offline map is not installed; run `make install`."),
        "readout": _("Point %(point)s · %(along)s · %(height)s m"),
        "point": _("Point %s"),
    }


def importing() -> Words:
    return {
        "waiting": _("waiting"),
        "sending": _("being read"),
        "failed": _("It could not be sent; the server does not answer."),
        "done": _("imported"),
        "skipped": _("left out"),
        "keep": _("Keep both"),
        "replace": _("Replace it"),
        "skip": _("Leave it out"),
        "tooLarge": _("The file is too large."),
    }


def drawing() -> Words:
    """The editor."""
    return showing() | {
        "of": _("of %s"),
        "dock": _("Dock"),
        "remove": _("Remove"),
        "earlier": _("Earlier"),
        "nothing": _("Click on the map to add points. Drag them, click on the line to put one between."),
        "keys": _("With the keyboard: arrows move the chosen point by a metre (with Shift by ten), Delete removes it."),
        "area": _("Click on the map to draw the area; the lines appear by themselves."),
        "facts": _("%(length)s · %(time)s · photos: %(photos)s · points: %(points)s"),
        "survey": _("%(area)s ha · %(gsd)s cm a pixel · lines: %(lines)s · %(speed)s m/s"),
        "change": _("What is drawn is lost. Go on?"),
        "failed": _("The server does not answer; nothing was saved."),
        "overwrite": _("Save it anyway?"),
    }
