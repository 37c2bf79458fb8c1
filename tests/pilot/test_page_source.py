"""What the page inside Pilot 2 is made of."""

from __future__ import annotations

import re
from pathlib import Path

#: Written after Chrome 80, which some remotes still have.
MODERN = (
    r"\?\.[A-Za-z\[(]",
    r"\?\?",
    r"\|\|=",
    r"\.replaceAll\(",
    r"\.at\(",
    r"^import ",
    r"^await ",
    r"structuredClone",
)


def test_the_page_runs_nothing_but_its_own_scripts(client, db):
    answer = client.get("/pilot/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "no-store" in answer["Cache-Control"]
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.content.decode())


def test_a_licence_cannot_break_out_of_the_page(client, db, settings):
    settings.DJI_APP_LICENSE = "</script><script>alert(1)</script>"
    assert "<script>alert" not in client.get("/pilot/").content.decode()


def test_the_scripts_use_nothing_that_an_old_web_view_does_not_know():
    for script in Path(__file__).resolve().parents[2].glob("static/pilot/*.js"):
        source = script.read_text()
        for modern in (
            r"\?\.[A-Za-z\[(]",
            r"\?\?",
            r"\|\|=",
            r"\.replaceAll\(",
            r"\.at\(",
            r"^import ",
            r"structuredClone",
        ):
            assert not re.search(modern, source, re.MULTILINE), f"{script.name}: {modern}"
