"""What the script of the shared map says."""

from __future__ import annotations

from django.utils.translation import gettext as _


def colours() -> list[tuple[str, str]]:
    """The colours that the remotes' own buttons have, by name."""
    return [
        ("#2D8CF0", _("Blue")),
        ("#19BE6B", _("Green")),
        ("#FFBB00", _("Yellow")),
        ("#E23C39", _("Red")),
        ("#B620E0", _("Purple")),
        ("#212121", _("Black")),
    ]


def words() -> dict[str, str]:
    return {
        "live": _("Live"),
        "connecting": _("Connecting…"),
        "lost": _("Reconnecting…"),
        "noMap": _("The offline map is not installed; run `make install`."),
        "tiles": _("Map tiles"),
        "point": _("Point"),
        "line": _("Line"),
        "polygon": _("Area"),
        "circle": _("Circle"),
        "unknown": _("Element"),
        "by": _("by %s"),
        "counted": _("Elements: %s"),
        "filtered": _("%s of %s"),
        "more": _("%s more; search to see them."),
        "nothingFound": _("Nothing matches “%s”."),
        "emptyGroup": _("Nothing in this group yet."),
        "hide": _("Hide on this console's maps"),
        "show": _("Show on this console's maps"),
        "hidden": _("hidden"),
        "locked": _("locked"),
        "noFly": _("no-fly areas"),
        "notDistributed": _("not sent to remotes"),
        "arrange": _("Arrange the group “%s”"),
        "newGroup": _("New group"),
        "noFile": _("Choose a file first."),
        "hintPoint": _("Click where the point belongs. Escape stops."),
        "hintLine": _("Click the corners of the line, the last one twice. Escape stops."),
        "hintPolygon": _("Click the corners of the area, the first one again to close it. Escape stops."),
        "hintCircle": _("Click the centre, then the edge. Escape stops."),
        "hintEdit": _("Drag corners to move them, the small ones to add some; a right click takes one away."),
        "saving": _("Saving…"),
        "saved": _("Saved."),
        "failed": _("The server was not reached. Nothing was changed; try again."),
        "deleted": _("“%s” was deleted."),
        "restored": _("“%s” is back."),
        "changedBy": _("Somebody else has changed this since you opened it. What you see is yours, not saved yet."),
        "goneMeanwhile": _("Somebody else has deleted this. Save draws it anew."),
        "keepMine": _("Save mine anyway"),
        "position": _("Position"),
        "height": _("Height"),
        "length": _("Length"),
        "area": _("Surface"),
        "radius": _("Radius"),
        "perimeter": _("Perimeter"),
        "corners": _("Corners"),
        "various": _("various"),
        "deleteGroup": _("Delete “%s” and the %s elements in it, for everybody? This cannot be undone."),
        "imported": _("%s drawn."),
        "importFailed": _("%s not drawn:"),
        "unsaved": _("There is a change that is not saved yet."),
    }
