"""The contacts services give the same results on both storage engines."""

from contacts.details import read_contact
from contacts.export import FORMATS, export
from contacts.index_scan import Page
from contacts.listing import list_contacts, list_members, member_ids
from contacts.number_lookup import lookup_numbers
from contacts.search import search
from contacts.unparsed_numbers import list_unparsed
from local.counting_tables import CountingTables
from shared.app import App
from shared.settings import Settings
from tests.clock import FixedClock
from tests.contacts.conftest import make_company
from tests.contacts.people import ACCOUNT
from tests.rounds import rounds


def _names(page: Page) -> list[str]:
    return [one.card.name for one in page.found]


async def test_every_use_gives_the_same_on_both_engines(
    any_tables: CountingTables, clock: FixedClock
) -> None:
    """Names in many scripts, apostrophes and emoji; lists, search, numbers, groups, export, one
    contact.
    """
    app = App(Settings.read({}), clock, any_tables)
    company = await make_company(app, ACCOUNT, "Contoso", "GB")
    own = [company.directory]
    people = [
        "O'Brien, Anna",
        "Åsa Öst",
        "Ελένη Παπά",
        "田中 太郎",
        "Müller 😀",
        "a/b\\c#d?e%f",
        "Ünal|Bar~Tilde",
    ]
    ids = [
        await company.hire(name, f"020 7946 09{n:02}", mail=f"o'b{n}@x.example")
        for n, name in enumerate(people)
    ]
    await company.hire("Zed", "n/a 12")
    listed = await list_contacts(app, own, 100)
    assert sorted(_names(listed)) == sorted([*people, "Zed"])
    walked, cursor = list[str](), ""
    for _ in rounds():
        page = await list_contacts(app, own, 3, cursor)
        walked += _names(page)
        if not (cursor := page.cursor):
            break
    assert walked == _names(listed)
    for text, name in zip(
        ("obrien", "ost", "παπα", "田", "mull", "b", "tilde"), people, strict=True
    ):
        assert name in _names(await search(app, own, text, 10)), text
    assert sorted(_names(await search(app, own, "o'b", 50))) == sorted(people)
    for n, name in enumerate(people):
        ((match,),) = await lookup_numbers(app, own, [f"+44 20 7946 09{n:02}"])
        assert (match.card.name, match.kind) == (name, "exact")
        assert (await read_contact(app, company.directory, ids[n])).card.name == name
    group = await company.group("Group", *ids[:3])
    assert await member_ids(app, company.directory, group) == frozenset(ids[:3])
    assert sorted(_names(await list_members(app, company.directory, group, 10))) == sorted(
        people[:3]
    )
    unparsed, _ = await list_unparsed(app, company.directory, 10)
    assert [one.name for one in unparsed] == ["Zed"]
    chunk = await export(app, company.directory, FORMATS["vcard"], 100)
    assert chunk.content.count(b"END:VCARD") == 8
