"""The export of a directory: chunks that form one file, CSV that is safe in spreadsheets, valid
vCards.
"""

import csv
import io
import re
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from contacts import csv_export, export, vcard_export
from local.counting_tables import CountingTables
from scim.users import index_rows
from scim.users.contact_cards import ENTERPRISE
from scim.users.models import UserRecord
from tests.contacts.people import Company, Person
from tests.rounds import rounds

_BROWSER_TOOLS = Path(__file__).parents[2] / ".tools" / "browser"


async def _chunks(admin: Person, company: Company, **query: Any) -> list[bytes]:
    path, found = f"/api/directories/{company.id}/export", list[bytes]()
    response = await admin.call("GET", path, **query)
    for _ in rounds():
        assert response.status == 200, response.body
        found.append(response.body)
        link = response.headers.get("link", "")
        if not link:
            break
        assert link.endswith('>; rel="next"')
        response = await admin.call("GET", link[1 : link.index(">")])
    return found


def _lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_a_csv_has_every_active_person(admin: Person, contoso: Company) -> None:
    """With names, title, department, addresses, numbers that contain spaces, and the id that Entra
    uses.
    """
    await contoso.hire(
        "Anna Müller",
        "020 7946 0958",
        "mobile:07700 900123",
        "home:1234",
        mail="anna@contoso.example",
        title='The "Boss"',
        department="R&D, Europe",
        externalId="object-1",
    )
    await contoso.hire("Gone", active=False)
    (content,) = await _chunks(admin, contoso)
    assert _lines(content) == [
        {
            "Display name": "Anna Müller",
            "Given name": "Anna",
            "Family name": "Müller",
            "Title": 'The "Boss"',
            "Department": "R&D, Europe",
            "Email": "anna@contoso.example",
            "Other emails": "",
            "User name": "anna@contoso.example",
            "Number": "+44 20 7946 0958",
            "Other numbers": "+44 7700 900123; 1234",
            "External ID": "object-1",
            "Manager": "",
        }
    ]


@pytest.mark.parametrize("form", ["csv", "vcard"])
async def test_chunks_joined_are_the_whole_file(admin: Person, contoso: Company, form: str) -> None:
    """For any chunk size, the header and each person occur once."""
    await contoso.fill(25)
    (whole,) = await _chunks(admin, contoso, format=form)
    for limit in (1, 7, 24, 25, 26):
        chunks = await _chunks(admin, contoso, format=form, limit=limit)
        assert b"".join(chunks) == whole
        assert len(chunks) >= 25 // limit
    assert whole.count(b"person1@contoso.example") > 0


@pytest.mark.parametrize("form", ["csv", "vcard"])
async def test_a_chunk_is_bounded_in_bytes(
    admin: Person, contoso: Company, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """The attack: a few people with 490 addresses each. The person who exceeds the limit ends the
    chunk, and the Link header continues.
    """
    addresses = [{"value": f"{number}@contoso.example"} for number in range(490)]
    for number in range(40):
        await contoso.hire(f"Anna {number}", emails=addresses, active=number % 3 > 0)
    (whole,) = await _chunks(admin, contoso, format=form)
    most = len(whole) // 7
    monkeypatch.setattr(export, "MAX_CHUNK_BYTES", most)
    chunks = await _chunks(admin, contoso, format=form)
    assert b"".join(chunks) == whole
    assert len(chunks) >= 7
    assert max(map(len, chunks)) < most + len(whole) // 20


def test_a_long_line_is_folded_in_linear_time() -> None:
    """RFC 6350 section 3.2: pieces of at most 75 octets, cut between characters; unfolding restores
    the line.
    """
    for character in ("x", "é", "田", "😀", "e\u0301"):
        line = "FN:" + character * 30_000
        pieces = vcard_export._fold(line).split(b"\r\n")
        assert max(map(len, pieces)) <= 75
        assert all(piece.decode() for piece in pieces[:-1])
        assert b"".join([pieces[0], *(piece[1:] for piece in pieces[1:])]).decode() == line
        # Pieces are as long as they may be: a whole character less at most.
        assert len(pieces) <= len(line.encode()) // (74 - len(character.encode())) + 2


async def test_an_export_reads_a_thousand_people_a_round_trip(
    admin: Person, contoso: Company, tables: CountingTables
) -> None:
    """100,000 people need about a hundred reads, in requests within the host's time limit."""
    await contoso.fill(2500)
    await admin.get("/api/contacts", q="warm")
    with tables.measured() as calls:
        (content,) = await _chunks(admin, contoso)
    assert len(_lines(content)) == 2500
    assert len([call for call in calls if call[1] == "contacts"]) == 3


async def test_the_file_has_the_directorys_name(admin: Person, contoso: Company) -> None:
    """RFC 6266: Content-Disposition names the file. The response isn't cached, and its type isn't
    guessed.
    """
    response = await admin.call("GET", f"/api/directories/{contoso.id}/export", format="vcard")
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"Contoso.vcf\"; filename*=UTF-8''Contoso.vcf"
    )
    assert response.headers["content-type"] == "text/vcard; charset=utf-8"
    assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == (
        "no-store",
        "nosniff",
    )


@pytest.mark.parametrize(
    "query",
    [
        {"format": "xlsx"},
        {"limit": "20001"},
        {"limit": "0"},
        {"separator": "pipe"},
        {"format": "vcard", "version": "2.1"},
    ],
)
async def test_a_wrong_parameter_is_refused(
    admin: Person, contoso: Company, query: dict[str, Any]
) -> None:
    """400 with the permitted values."""
    response = await admin.call("GET", f"/api/directories/{contoso.id}/export", **query)
    assert response.status == 400


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "  =1", "|x", "%x", "＝1", "\tx", "\rx"],
)
async def test_no_cell_is_a_formula(admin: Person, contoso: Company, text: str) -> None:
    """OWASP, "CSV Injection": a person may choose a name that an administrator's spreadsheet would
    execute.
    """
    await contoso.hire("Anna", "+442079460958", title=text, displayName=text)
    (content,) = await _chunks(admin, contoso)
    (line,) = _lines(content)
    assert line["Title"] == line["Display name"] == f"'{text}"
    assert line["Number"] == "+44 20 7946 0958"


@pytest.mark.parametrize("divider", [";", "; ", "\t", "\n", ","])
async def test_no_part_of_a_cell_becomes_a_formula(
    admin: Person, contoso: Company, divider: str
) -> None:
    """Spreadsheets whose list separator is `;` or a tab split cells there, quoted or not."""
    await contoso.hire(
        "Anna",
        "020 7946 0958; =1",
        title=f"a{divider}=HYPERLINK(1){divider}b",
        displayName=f"{divider}=1",
    )
    (content,) = await _chunks(admin, contoso)
    (line,) = _lines(content)
    assert line["Title"] == f"a{divider}'=HYPERLINK(1){divider}b"
    assert line["Display name"].endswith(f"{divider}'=1")
    assert not re.search(r"[;,\t\r\n]\s*=", content.decode())


@pytest.mark.parametrize(
    "end", ["\r\n", "\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1e"]
)
async def test_no_value_ends_its_line(admin: Person, contoso: Company, end: str) -> None:
    """RFC 6350 section 3.2: no kind of line break in a name starts another property."""
    injected = f"x{end}TEL:+15551234567{end}END:VCARD"
    await contoso.hire(
        "Anna", "+442079460958", title=injected, displayName=injected, mail=f"a@x{end}TEL:1"
    )
    (content,) = await _chunks(admin, contoso, format="vcard")
    lines = content.decode().replace("\r\n ", "").splitlines()
    assert [line.partition(":")[0].partition(";")[0] for line in lines].count("TEL") == 1
    assert lines.count("END:VCARD") == 1


_TEXT = st.text(st.characters(codec="utf-8"), max_size=120)


def _user(name: str, title: str, number: str) -> UserRecord:
    resource = {
        "userName": "u",
        "displayName": name,
        "name": {"familyName": name, "givenName": title},
        "title": title,
        "phoneNumbers": [{"type": "work", "value": number or "1"}],
        "emails": [{"type": "work", "value": name or "x"}],
        ENTERPRISE: {"department": title, "organization": name},
    }
    return UserRecord(
        id="0190",
        resource=resource,
        created="2026-01-01T00:00:00.000Z",
        modified="2026-01-01T00:00:00.000Z",
    )


@given(_TEXT, _TEXT, _TEXT)
def test_any_text_stays_in_its_cell(name: str, title: str, number: str) -> None:
    """Quotes, commas and line breaks in a name don't move a value to another column."""
    user = _user(name, title, number)
    content = csv_export.head(",") + csv_export.entry(user, index_rows.derived(user, "GB"), "", ",")
    (line,) = _lines(content)
    assert line["Title"].replace("'", "") == title.replace("'", "")
    assert not re.search(r"(^|[;,\t\r\n])\s*[=+@-]", line["Title"])


@pytest.mark.parametrize("version", ["3.0", "4.0"])
@given(_TEXT, _TEXT, _TEXT)
def test_any_text_makes_a_well_formed_vcard(
    version: str, name: str, title: str, number: str
) -> None:
    """RFC 6350 section 3: lines of at most 75 octets, cut between characters, each property once
    after unfolding.
    """
    user = _user(name, title, number)
    content = vcard_export.entry(user, index_rows.derived(user, "GB"), "", version)
    pieces = content.split(b"\r\n")
    assert pieces.pop() == b""
    assert all(len(piece) <= 75 for piece in pieces)
    assert not any(c < " " or c == "\x7f" for piece in pieces for c in piece.decode())
    lines = content.decode().replace("\r\n ", "").split("\r\n")[:-1]
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCARD", f"VERSION:{version}", "END:VCARD")
    names = [line.partition(":")[0].partition(";")[0] for line in lines]
    assert set(names) <= {
        "BEGIN",
        "VERSION",
        "UID",
        "FN",
        "N",
        "ORG",
        "TITLE",
        "EMAIL",
        "TEL",
        "REV",
        "END",
    }
    assert names.count("FN") == 1


def test_a_vcard_has_all_numbers_with_their_types() -> None:
    """E.164 numbers as `tel:` URIs with the extension, others as text; special characters are
    escaped.
    """
    user = _user("Müller; Anna, Dr.", "Head\nof R\\D", "020 7946 0958 x12")
    user.resource["phoneNumbers"] += [
        {"type": "mobile", "value": "+447700900123"},
        {"type": "other", "value": "12,3"},
    ]
    content = vcard_export.entry(user, index_rows.derived(user, "GB"), "", "4.0")
    assert content.decode().split("\r\n") == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "UID:urn:uuid:0190",
        "FN:Müller\\; Anna\\, Dr.",
        "N:Müller\\; Anna\\, Dr.;Head\\nof R\\\\D;;;",
        "ORG:Müller\\; Anna\\, Dr.;Head\\nof R\\\\D",
        "TITLE:Head\\nof R\\\\D",
        "EMAIL;TYPE=work:Müller\\; Anna\\, Dr.",
        'TEL;VALUE=uri;TYPE="work,voice";PREF=1:tel:+442079460958;ext=12',
        'TEL;VALUE=uri;TYPE="cell,voice";PREF=2:tel:+447700900123',
        'TEL;VALUE=text;TYPE="voice";PREF=3:12\\,3',
        "REV:20260101T000000Z",
        "END:VCARD",
        "",
    ]


@pytest.mark.parametrize(
    ("separator", "character"), [("comma", ","), ("semicolon", ";"), ("tab", "\t")]
)
async def test_a_csv_has_the_separator_that_was_chosen(
    admin: Person, contoso: Company, separator: str, character: str
) -> None:
    """Excel expects the list separator of its language; all chunks have the same one."""
    await contoso.hire("Müller; Anna, Dr.", "020 7946 0958", "mobile:07700 900123")
    await contoso.fill(4)
    chunks = await _chunks(admin, contoso, separator=separator, limit=2)
    text = b"".join(chunks).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=character))
    assert len(lines) == 5
    assert {len(line) for line in lines} == {12}
    assert "Müller; Anna, Dr." in {line["Display name"] for line in lines}


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("+1 201-555-0123", "+1 201 555 0123"),
        ("020 7946 0958 x12", "+44 20 7946 0958 ext. 12"),
        ("4711", "4711"),
        ("0471", "047 1"),
        ("007", "0 0 7"),
    ],
)
def test_excel_keeps_every_digit_of_a_number(sent: str, written: str) -> None:
    """If a cell were a number, Excel would drop the plus sign, leading zeros, and digits after the
    fifteenth.
    """
    user = _user("Anna", "", sent)
    ((_, number),) = index_rows.derived(user, "GB")
    assert csv_export.spreadsheet_number(number) == written
    is_number = re.fullmatch(r"[+-]?[0-9]+", written) is not None
    assert not is_number or (written[0] not in "+0" and len(written) <= 11)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
@pytest.mark.parametrize("names", [{}, {"name": {"formatted": "Anna Müller"}}])
def test_a_person_with_a_display_name_alone_keeps_a_name(
    version: str, names: dict[str, Any]
) -> None:
    """FossifyOrg/Contacts#465: address books show N, so a person with an empty one had no name there."""
    user = _user("", "", "")
    user.resource.pop("name", None)
    user.resource.update({"displayName": "Anna Müller", **names})
    card = vobject.readOne(vcard_export.entry(user, [], "", version).decode())
    assert (card.fn.value, card.n.value.family) == ("Anna Müller", "Anna Müller")


def _rich() -> UserRecord:
    user = _user("Müller; Anna, Dr.", "Head\nof R\\D", "020 7946 0958 x12")
    user.resource["phoneNumbers"] += [
        {"type": "mobile", "value": "+447700900123"},
        {"type": "other", "value": "12,3"},
    ]
    user.resource["emails"] = [{"type": "work", "value": "anna@contoso.example"}]
    return user


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vobject_parses_a_vcard(version: str) -> None:
    """The library vobject gets the same person (RFC 2426, RFC 6350)."""
    content = vcard_export.entry(_rich(), index_rows.derived(_rich(), "GB"), "Bob", version)
    card = vobject.readOne(content.decode())
    assert card.version.value == version
    assert card.fn.value == "Müller; Anna, Dr."
    assert card.n.value.given == "Head\nof R\\D"
    assert card.org.value == ["Müller; Anna, Dr.", "Head\nof R\\D"]
    assert card.email.value == "anna@contoso.example"
    numbers = [tel.value for tel in card.contents["tel"]]
    if version == "3.0":
        assert numbers == ["+442079460958 ext. 12", "+447700900123", "12,3"]
        assert [tel.params["TYPE"] for tel in card.contents["tel"]] == [
            ["WORK", "VOICE", "PREF"],
            ["CELL", "VOICE"],
            ["VOICE"],
        ]
        card.validate()
    else:
        assert numbers[:2] == ["tel:+442079460958;ext=12", "tel:+447700900123"]


_READ_WITH_ICAL = """
import ICAL from "ical.js";
let text = "";
for await (const part of process.stdin) text += part;
const card = new ICAL.Component(ICAL.parse(text));
const value = (name) => card.getFirstPropertyValue(name);
const all = (name) => card.getAllProperties(name).map((one) => [one.getFirstValue(), one.getParameter("type")]);
const [version, fn, title] = ["version", "fn", "title"].map(value);
console.log(JSON.stringify({ version, fn, title, tel: all("tel"), email: all("email") }));
"""


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_ical_js_parses_a_vcard(version: str) -> None:
    """Thunderbird's library ical.js gets the same person."""
    content = vcard_export.entry(_rich(), index_rows.derived(_rich(), "GB"), "Bob", version)
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", _READ_WITH_ICAL],
        input=content,
        capture_output=True,
        cwd=_BROWSER_TOOLS,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    card = orjson.loads(done.stdout)
    assert card["version"] == version
    assert (
        card["fn"].replace("\\;", ";") == "Müller; Anna, Dr."
    )  # ical.js keeps an escaped semicolon
    assert card["title"] == "Head\nof R\\D"
    assert card["email"][0][0] == "anna@contoso.example"
    assert len(card["tel"]) == 3
    first = {"3.0": "+442079460958 ext. 12", "4.0": "tel:+442079460958;ext=12"}
    assert card["tel"][0][0] == first[version]
