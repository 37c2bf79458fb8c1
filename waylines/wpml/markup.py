"""XML into plain dicts, with nothing in it that a route does not need: no DTD, no entities, no bottomless nesting."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from waylines.wpml.archive import Limits
from waylines.wpml.elements import KNOWN
from waylines.wpml.errors import WpmlError
from waylines.wpml.errors import gettext_noop as _

#: An element as a dict: local name to its text, to another such dict, or to a list of them when it is repeated.
Node = dict[str, Any]

_WPML_NAMESPACE = re.compile(r"/wpm[zl]/")
_VERSION = re.compile(r"(\d+(?:\.\d+)*)/*$")
#: Beyond this a number in a route is no measurement.
_LARGEST = 1e12
#: Characters; what follows in a longer text are digits that measure nothing.
_LONGEST_NUMBER = 400
_MOST_UNKNOWN = 200


class Document:
    """A parsed `template.kml` or `waylines.wpml`.

    `root` is the content of KML's `Document` element, `namespace` the vendor's namespace as written, `unknown` the
    dotted names (parent and element) that no page and no file we met explains, in the order of appearance.
    """

    __slots__ = ("namespace", "root", "unknown")

    def __init__(self, name: str, content: bytes, limits: Limits) -> None:
        element = _parse(name, content, limits)
        self.namespace = _namespace(element)
        unknown: dict[str, None] = {}
        converted = _convert(element, 0, limits.depth, name, unknown)
        self.unknown = tuple(unknown)
        root = converted if isinstance(converted, dict) else {}
        inner = next(nodes(root, "Document"), None)
        self.root: Node = root if inner is None else inner


def _parse(name: str, content: bytes, limits: Limits) -> Any:
    if not content.strip():
        raise WpmlError("empty", _("“%(name)s” is empty."), name=name)
    if len(content) > limits.markup or content.count(b"<") > limits.tags:
        raise WpmlError("too_many_elements", _("“%(name)s” holds more than any route needs."), name=name)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    # A document type is refused before it is parsed where it can be seen, and afterwards in any other encoding.
    head = content[:65536].replace(b"\0", b"")
    if b"<!DOCTYPE" in head or b"<!ENTITY" in content:
        raise _entities(name)
    try:
        element = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as bad:
        text = str(bad)
        if "xcessive depth" in text:
            raise _too_deep(name) from bad
        if "ntity" in text and "not defined" in text:
            raise _entities(name) from bad
        line = getattr(bad, "lineno", None) or 0
        raise WpmlError(
            "bad_xml", _("“%(name)s” is no well-formed XML (line %(line)s)."), name=name, line=line
        ) from bad
    if element is None:
        raise WpmlError("bad_xml", _("“%(name)s” is no well-formed XML (line %(line)s)."), name=name, line=1)
    information = element.getroottree().docinfo
    if information.doctype or information.internalDTD is not None:
        raise _entities(name)
    return element


def _entities(name: str) -> WpmlError:
    return WpmlError(
        "entities", _("“%(name)s” declares a document type or entities, which a route never needs."), name=name
    )


def _too_deep(name: str) -> WpmlError:
    return WpmlError("too_deep", _("“%(name)s” is nested deeper than any route."), name=name)


def _namespace(element: Any) -> str:
    spaces = [str(uri) for uri in element.nsmap.values()]
    named = element.nsmap.get("wpml")
    if named:
        return str(named)
    found = next((uri for uri in spaces if _WPML_NAMESPACE.search(uri)), None)
    if found:
        return found
    # Some writers declare the namespace where it is first used.
    for child in element.iter():
        tag = child.tag
        if isinstance(tag, str) and _WPML_NAMESPACE.search(tag):
            return tag[1:].partition("}")[0]
    return ""


def version_of(namespace: str) -> str:
    """ "1.0.6" of "http://www.dji.com/wpmz/1.0.6"; empty when the namespace ends otherwise."""
    found = _VERSION.search(namespace)
    return found.group(1) if found else ""


def _convert(element: Any, depth: int, deepest: int, name: str, unknown: dict[str, None]) -> str | Node:
    if depth > deepest:
        raise _too_deep(name)
    if not len(element):
        return (element.text or "").strip()
    result: Node = {}
    parent = ""
    for child in element:
        tag = child.tag
        if not isinstance(tag, str):
            raise _entities(name)
        key = tag[tag.rfind("}") + 1 :]
        if key not in KNOWN and len(unknown) < _MOST_UNKNOWN:
            parent = parent or _local(element.tag)
            unknown[f"{parent}.{key}"[:200]] = None
        value = _convert(child, depth + 1, deepest, name, unknown)
        if key not in result:
            result[key] = value
        elif isinstance(result[key], list):
            result[key].append(value)
        else:
            result[key] = [result[key], value]
    return result


def _local(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]


def values(node: Node, key: str) -> list[Any]:
    """All children of that name, none, one or several."""
    found = node.get(key)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def nodes(node: Node, key: str) -> Iterator[Node]:
    """The children of that name that have children themselves."""
    return (value for value in values(node, key) if isinstance(value, dict))


def node_of(node: Node, key: str) -> Node:
    """The first child of that name that has children; an empty one where there is none."""
    return next(nodes(node, key), {})


def text_of(node: Node, key: str, default: str = "") -> str:
    """The text of the first child of that name; `default` where there is none or it has children."""
    found = node.get(key)
    if isinstance(found, list):
        found = found[0]
    return found if isinstance(found, str) and found else default


def number_of(node: Node, key: str, largest: float = _LARGEST) -> float | None:
    """The number in the child of that name, None for what is no number.

    Raises WpmlError("bad_number") for numbers that are not finite or that measure nothing.
    """
    return number(text_of(node, key), key, largest)


def number(text: str, name: str, largest: float = _LARGEST) -> float | None:
    """The number that a text is; None for what is no number. Raises WpmlError("bad_number")."""
    if not text:
        return None
    try:
        value = float(text[:_LONGEST_NUMBER])
    except ValueError:
        return None
    if not math.isfinite(value) or abs(value) > largest:
        raise WpmlError("bad_number", _("“%(name)s” is not a usable number: %(value)s."), name=name, value=text[:40])
    return value


def integer_of(node: Node, key: str) -> int | None:
    """The number in the child of that name, cut to a whole one. Raises WpmlError("bad_number")."""
    value = number_of(node, key)
    return None if value is None else int(value)


def flag_of(node: Node, key: str) -> bool | None:
    """A yes or no, written 1 or 0 by the vendor and true or false by others; None when missing."""
    text = text_of(node, key).lower()
    return None if not text else text in ("1", "true", "yes", "1.0")


def moment_of(node: Node, key: str) -> int | None:
    """A time in Unix milliseconds; None for anything else."""
    text = text_of(node, key)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
