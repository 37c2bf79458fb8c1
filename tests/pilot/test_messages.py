"""The translations: compiled as they stand, complete where a pilot reads them, and true to their placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from fleet.management.commands import messages
from fleet.pilot import texts

ROOT = Path(__file__).resolve().parents[2]
#: What a pilot reads, on the remote or when something does not connect.
COMPLETE = (
    "fleet/pilot.py", "fleet/models/pilot_settings.py", "fleet/admin/pilot_settings.py", "templates/pilot/*.html",
    "fleet/api/session.py", "fleet/api/envelope.py", "fleet/api/authentication.py", "fleet/api/permissions.py",
    "devices/api/binding.py", "devices/services/remotes.py", "fleet/services/access.py", "fleet/console_navigation.py",
    "devices/services/doctor/*.py", "devices/doctor_views.py", "templates/console/doctor*.html",
    "templates/fleet/pilot_settings.html",
)  # fmt: skip
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?([sd])|\{(\w+)\}")


@pytest.fixture(params=messages.languages())
def language(request):
    return request.param


def test_there_is_one_more_language():
    assert messages.languages()


def test_what_is_compiled_is_what_the_catalogue_says(language):
    kept = messages.catalogue(language).with_suffix(".mo").read_bytes()
    assert kept == messages.compiled(messages.read(language)), "run: make messages"


def test_nothing_that_a_pilot_reads_is_without_a_translation(language):
    catalog = messages.read(language)
    paths = [path for pattern in COMPLETE for path in sorted(ROOT.glob(pattern))]
    assert len(paths) > len(COMPLETE)
    missing = []
    for path in paths:
        for message, context in messages.messages(path):
            found = catalog.get(message[0] if isinstance(message, tuple) else message, context)
            if found is None or not all(found.string if isinstance(found.string, tuple) else [found.string]):
                missing.append((path.name, message))
    assert missing == [], "run make messages, and translate them in locale/"


def test_a_translation_has_the_placeholders_of_its_message(language):
    wrong = []
    for message in messages.read(language):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        targets = message.string if isinstance(message.string, tuple) else (message.string,)
        for source, target in zip(sources, targets, strict=True):
            if source and target and sorted(PLACEHOLDER.findall(source)) != sorted(PLACEHOLDER.findall(target)):
                wrong.append((source, target))
    assert wrong == []


def test_every_language_names_itself_on_the_page(client, db):
    page = client.get("/pilot/").content.decode()
    for code, _name in settings.LANGUAGES:
        assert f'data-language="{code}"' in page


def test_all_that_the_scripts_say_is_translated(language):
    with translation.override("en"):
        plain = texts()
    with translation.override(language):
        translated = texts()
    assert plain.keys() == translated.keys()
    same = [key for key, value in plain.items() if isinstance(value, str) and translated[key] == value]
    assert len(same) < 5, same


def test_templates_and_code_are_gathered(tmp_path):
    (tmp_path / "a.py").write_text(
        "from django.utils.translation import gettext_lazy as _, ngettext\n"
        '_("Plain")\nngettext("%d one", "%d many", 2)\nif True:\n    _("Deep “quoted”")\n'
    )
    (tmp_path / "b.html").write_text(
        '{% load i18n %}<p>{% translate "In a page" %}\n    {% blocktranslate with x=y %}Block {{ x }}{% endblocktranslate %}</p>'
    )
    found = [message for path in sorted(tmp_path.iterdir()) for message, _context in messages.messages(path)]
    assert found == ["Plain", ("%d one", "%d many"), "Deep “quoted”", "In a page", "Block %(x)s"]
