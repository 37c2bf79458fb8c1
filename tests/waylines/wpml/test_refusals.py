"""Hostile and broken files: each is refused with its own reason and a sentence a person understands."""

from __future__ import annotations

import io
import re
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from tests.waylines.wpml import files
from tests.waylines.wpml.files import action, document, el, group, kmz, line, mark, mission, simple, wayline
from waylines import wpml
from waylines.wpml import Limits


def _reason(content: bytes, **limits: int) -> str:
    with pytest.raises(wpml.WpmlError) as refused:
        wpml.read(content, limits=Limits(**limits))
    error = refused.value
    assert error.message == str(error)
    assert error.message.endswith(".")
    assert "%(" not in error.message
    return error.reason


def _zeros(size: int, name: str = "wpmz/waylines.wpml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as entry:
        for _ in range(size >> 20):
            entry.write(bytes(1 << 20))
    return buffer.getvalue()


def _claim(content: bytes, size: int) -> bytes:
    """The archive with a directory that lies about the size of its last entry."""
    forged = bytearray(content)
    place = forged.rfind(b"PK\x01\x02")
    forged[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(forged)


def test_an_empty_file() -> None:
    assert _reason(b"") == "empty"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"PK\x03\x04 and nothing more", b"PK", bytes(1000), b"{}"])
def test_no_zip_at_all(content: bytes) -> None:
    assert _reason(content) == "not_a_zip"


def test_a_file_that_is_too_big_is_not_even_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            self.given += size
            return bytes(size)

    stream = Endless()
    with pytest.raises(wpml.WpmlError) as refused:
        wpml.read(stream, limits=Limits(compressed=1000))  # type: ignore[arg-type]

    assert refused.value.reason == "too_big"
    assert stream.given == 1001


def test_too_many_files_are_counted_before_they_are_listed() -> None:
    assert _reason(kmz({f"wpmz/res/{number}": b"" for number in range(600)})) == "too_many_files"


@pytest.mark.parametrize("claimed", [None, 1000, 8 << 20, 95 << 20], ids=["honest", "small", "8 MB", "at the limit"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(claimed: int | None) -> None:
    bomb = _zeros(200 << 20) if claimed is None else _claim(_zeros(200 << 20), claimed)
    tracemalloc.start()
    try:
        assert _reason(bomb) == "zip_bomb"
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 32 << 20


def test_many_entries_that_are_large_together_are_a_bomb() -> None:
    assert _reason(kmz({f"wpmz/{number}": bytes(1 << 20) for number in range(20)}), total=10 << 20) == "zip_bomb"


def test_stored_entries_that_claim_less_than_they_hold() -> None:
    content = kmz({"wpmz/waylines.wpml": document(mission(), line())}, compression=zipfile.ZIP_STORED)

    assert _reason(_claim(content, 10)) == "zip_bomb"


def test_a_directory_that_promises_more_than_there_is() -> None:
    assert _reason(_claim(simple(), 100_000)) == "damaged"


def test_damaged_data() -> None:
    content = bytearray(simple())
    content[100] ^= 0xFF

    assert _reason(bytes(content)) == "damaged"


def test_a_local_header_that_names_another_file() -> None:
    content = simple()
    forged = content.replace(b"wpmz/waylines.wpml", b"wpmz/template.kml_", 1)

    assert _reason(forged) == "damaged"


@pytest.mark.parametrize(
    "name",
    [
        "../waylines.wpml",
        "wpmz/../../etc/passwd",
        "/etc/passwd",
        "wpmz\\waylines.wpml",
        "C:/waylines.wpml",
        "wpmz//waylines.wpml",
        "./waylines.wpml",
        "wpmz/way\x00lines.wpml",
        "wpmz/a\nb",
        "../",
    ],
)
def test_path_tricks(name: str) -> None:
    # zipfile cleans what it writes: a name as long is put in by hand.
    placeholder = "x" * len(name.encode())
    content = kmz({placeholder: b"body", "wpmz/waylines.wpml": document(mission(), line())})

    assert _reason(content.replace(placeholder.encode(), name.encode())) == "unsafe_path"


def test_the_same_name_twice_even_in_other_letters() -> None:
    body = document(mission(), line())

    assert _reason(kmz({"wpmz/waylines.wpml": body, "wpmz/Waylines.wpml": body})) == "duplicate_name"


def _with(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    info = zipfile.ZipInfo("wpmz/res/extra")
    change(info)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wpmz/waylines.wpml", document(mission(), line()))
        archive.writestr(info, b"/etc/passwd", compress_type=info.compress_type)
    return buffer.getvalue()


def test_symbolic_links() -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert _reason(_with(link)) == "symlink"


def test_passwords() -> None:
    content = bytearray(simple())
    place = content.rfind(b"PK\x01\x02")
    content[place + 8] |= 1

    assert _reason(bytes(content)) == "encrypted"


def test_rare_compression() -> None:
    def pack(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_LZMA

    assert _reason(_with(pack)) == "unsupported_compression"


@pytest.mark.parametrize(
    "entries",
    [{"readme.txt": b"hello"}, {"doc.kml": document("<Placemark/>")}, {"a.kmz": b"PK"}],
    ids=["text", "map", "nested"],
)
def test_an_archive_without_a_route(entries: dict[str, bytes]) -> None:
    assert _reason(kmz(entries)) == "no_wayline"


def test_a_route_without_anything_in_it() -> None:
    assert _reason(document(mission())) == "no_wayline"


@pytest.mark.parametrize(
    "body",
    [b"<kml>", b"<kml></kmz>", b"<a b=c/>", b"plain text", b"<\x00>", b'<?xml version="1.0" encoding="klingon"?><a/>'],
)
def test_bad_xml(body: bytes) -> None:
    assert _reason(kmz({"wpmz/waylines.wpml": body})) == "bad_xml"


def test_an_empty_entry() -> None:
    assert _reason(kmz({"wpmz/waylines.wpml": b"  \n"})) == "empty"


_LAUGHS = (
    '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
)
_EXTERNAL = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
_PARAMETER = '<!DOCTYPE kml [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("prolog", [_LAUGHS, _EXTERNAL, _PARAMETER, "<!DOCTYPE kml>", '<!DOCTYPE kml SYSTEM "x.dtd">'])
def test_entities_and_document_types(prolog: str, encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>{" " * 5000}{prolog}<kml><Document><name>x</name></Document></kml>'
    )

    assert _reason(text.encode(encoding)) == "entities"


def test_an_undeclared_entity() -> None:
    assert _reason(b"<kml><Document>&other;</Document></kml>") == "entities"


def test_no_entity_is_ever_put_in_place(tmp_path: object) -> None:
    with pytest.raises(wpml.WpmlError) as refused:
        wpml.read(f"{_EXTERNAL}<kml><Document><author>&x;</author></Document></kml>".encode())

    assert "localhost" not in refused.value.message


@pytest.mark.parametrize("depth", [40, 200, 5000, 200_000])
def test_deep_nesting(depth: int) -> None:
    assert _reason(b"<kml>" + b"<a>" * depth + b"</a>" * depth + b"</kml>") == "too_deep"


def test_more_elements_than_any_route() -> None:
    assert _reason(document(mission(), line(50)), tags=1000) == "too_many_elements"
    assert _reason(document(mission(), line(50)), markup=1000) == "too_many_elements"


def test_more_points_than_allowed_in_all_waylines_together() -> None:
    body = document(mission(), line(60), line(60, number=1))

    assert _reason(body, points=100) == "too_many_points"
    assert wpml.read(body, limits=Limits(points=120)).executable


def test_more_actions_than_allowed_also_by_repeating_them() -> None:
    many = group(*(action("takePhoto", number) for number in range(10)), first=0, last=59)
    body = document(mission(), wayline(*(mark(index, 47 + index / 1000, 8) for index in range(60)), many))

    assert _reason(body, actions=300) == "too_many_actions"
    assert _reason(document(mission(), wayline(mark(0, 47, 8), group(action("x"), first=-9_000_000, last=1)))) == (
        "too_many_actions"
    )


@pytest.mark.parametrize(
    "coordinates", ["", "8.5", "8.5;47.4", "north,south", "47.4,188", "8.5,91", "8.5,-90.001", "200,0", ",47"]
)
def test_unusable_coordinates(coordinates: str) -> None:
    point = f"<Placemark><Point><coordinates>{coordinates}</coordinates></Point></Placemark>"
    if coordinates == "47.4,188":
        point = "<Placemark><Point/></Placemark>"

    assert _reason(document(mission(), wayline(point))) == "bad_coordinates"


def test_texts_that_would_keep_a_careless_reader_busy_for_hours() -> None:
    def shape(coordinates: str) -> bytes:
        area = files.area().replace("8.5,47.4,0", coordinates)
        return document(mission(), files.template("mapping2d", f"<Placemark>{area}</Placemark>"))

    assert _reason(shape("8.5,47.4 " * 30_000)) == "too_many_points"
    assert _reason(shape("x, " * 500_000)) == "bad_coordinates"
    assert not wpml.read(shape("8,47," + " , " * 500_000)).executable


@pytest.mark.parametrize("height", ["nan", "inf", "-Infinity", "1e300", "9" * 400, "-1e9"])
def test_numbers_that_measure_nothing(height: str) -> None:
    assert _reason(document(mission(), wayline(mark(0, 47, 8, height=height)))) == "bad_number"


def test_a_number_that_is_a_word_is_simply_not_there() -> None:
    route = wpml.read(document(mission(), wayline(mark(0, 47, 8, height="high"))))

    assert route.waylines[0].points[0].height is None


def test_reasons_and_places_can_be_translated() -> None:
    with pytest.raises(wpml.WpmlError) as refused:
        wpml.read(kmz({"wpmz/waylines.wpml": b"\n\n<kml>"}))
    error = refused.value

    assert error.template % error.params == error.message
    assert error.params["name"] == "wpmz/waylines.wpml"
    assert re.search(r"\d", error.message)


def test_every_kind_of_file_survives_without_its_archive() -> None:
    for kind in files.KINDS:
        entries = wpml.read(files.route_file(kind)).entries
        assert wpml.read(entries["wpmz/waylines.wpml"]).executable


def test_a_name_that_could_break_a_page_is_shown_short_and_harmless() -> None:
    content = kmz({"x" * 300: b"a", "wpmz/waylines.wpml": document(el("author", "x"))})
    with pytest.raises(wpml.WpmlError) as refused:
        wpml.read(content.replace(b"x" * 300, b"../" + b"\x1b" * 297))

    assert len(refused.value.params["name"]) <= 80
    assert refused.value.params["name"].isprintable()


def test_more_waylines_than_any_route_has() -> None:
    lines = "".join(line(2, number=number) for number in range(501))
    assert _reason(kmz({"wpmz/waylines.wpml": document(mission(), lines)})) == "too_many_waylines"
    folders = "<Folder><a/></Folder>" * 501
    assert _reason(kmz({"wpmz/template.kml": document(mission(), folders)})) == "too_many_waylines"
