"""Gather what is said to people into the catalogues of translations, and compile these. Needs no GNU gettext.

`locale/<language>/LC_MESSAGES/django.po` is what a translator edits; `django.mo` beside it is what the server reads.
Both are kept in the repository, so that a fresh machine compiles nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
SOURCES = ("fleet", "devices", "waylines", "media", "livestream", "templates")
KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
#: Catalogues are compared byte by byte, so the moment of a run does not go into them.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)

Message = tuple[str | tuple[str, ...], str | None]


def sources() -> Iterator[Path]:
    """Every file of the project that speaks to people."""
    for name in SOURCES:
        for path in sorted((ROOT / name).rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts:
                yield path


def messages(path: Path) -> Iterator[Message]:
    """What one file says: message (singular and plural where it has both) and context."""
    text = path.read_text()
    if path.suffix != ".py":
        # Django turns a template into something like Python; what stood indented would not parse as such.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    source = io.BytesIO(text.encode())
    for _line, found, _comments, context in extract("python", source, KEYWORDS, options={"encoding": "utf-8"}):
        yield found, context


def gather(paths: Iterable[Path]) -> Catalog:
    """A catalogue without translations."""
    catalog = Catalog(charset="utf-8")
    for path in paths:
        for message, context in messages(path):
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), 1)], context=context)
    return catalog


def catalogue(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    path = catalogue(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """What has no translation yet; of a plural, its first form."""
    return [
        str(message.id[0] if isinstance(message.id, tuple) else message.id)
        for message in catalog
        if message.id and not (all(message.string) if isinstance(message.string, tuple) else message.string)
    ]


def languages() -> list[str]:
    """Those that have a catalogue; the source's own needs none."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


class Command(BaseCommand):
    help = "Gathers what the project says into locale/ and compiles the translations."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--compile", action="store_true", help="only compile what the catalogues say now")
        parser.add_argument(
            "--missing", action="store_true", help="list what has no translation yet, and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = None if options["compile"] else gather(sources())
        for language in languages():
            catalog = read(language)
            if found is not None:
                catalog.update(found, no_fuzzy_matching=True)
            missing = untranslated(catalog)
            if options["missing"]:
                self.stdout.write("\n".join(missing))
                continue
            self._write(language, catalog)
            self.stdout.write(f"{language}: {len(catalog)} messages, {len(missing)} without a translation")

    def _write(self, language: str, catalog: Catalog) -> None:
        catalog.project, catalog.version, catalog.fuzzy = "Fleet", settings.VERSION, False
        catalog.creation_date = catalog.revision_date = _DATE
        catalog.header_comment = f"# What Fleet says, in “{language}”. `make messages` keeps it up to date."
        catalog.obsolete.clear()
        path = catalogue(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        out = io.BytesIO()
        write_po(out, catalog, width=120, sort_by_file=True, include_lineno=False)
        path.write_bytes(out.getvalue())
        try:
            path.with_suffix(".mo").write_bytes(compiled(read(language)))
        except ValueError as error:
            raise CommandError(f"{path}: {error}") from error
