"""Contacts: search, number lookup, one person, groups, numbers needing attention, export."""

from contacts import csv_export, vcard_export
from contacts.api import DEFAULT_LIMIT, MAX_LIMIT
from contacts.export import FORMATS, MOST
from contacts.number_lookup import MAX_NUMBERS
from web.openapi.directories_api import ID
from web.openapi.parts import (
    Json,
    answer,
    array,
    body,
    header,
    nothing_or,
    operation,
    path,
    path_parameter,
    query,
    ref,
    text,
    thing,
)

TAG = "Contacts"
_CURSOR = query("cursor", "`nextCursor` of the previous page")
_PRESENCE = query(
    "presence",
    "`fresh`: the people are on a screen, so Microsoft is asked first for statuses older than ten seconds",
    {"enum": ["stored", "fresh"]},
)
_IF_NONE_MATCH = header(
    "If-None-Match", "The `ETag` that the client has: 304 where nothing changed"
)
_UNCHANGED = {304: {"description": "What the client has is current"}}
_PERSON: Json = {
    "id": "0198c5e0-7c1e-7d3a-9b1f-2f6a1c0d9e11",
    "directory": {"id": "k3v9x0q2m7r5t8w1z4b6", "name": "Contoso"},
    "displayName": "Anna Müller",
    "title": "Head of Sales",
    "email": "anna.mueller@contoso.example",
    "userName": "anna.mueller@contoso.example",
    "number": "+4930901820",
    "presence": {
        "shown": "available",
        "text": "Available",
        "availability": "Available",
        "activity": "Available",
        "outOfOffice": False,
        "asOf": "2026-01-01T09:30:00.000Z",
        "changedAt": "2026-01-01T09:12:30.000Z",
        "stale": False,
    },
}


def _limit(most: int, default: int) -> Json:
    return query(
        "limit", f"1 to {most}; {default}", {"type": "integer", "minimum": 1, "maximum": most}
    )


def schemas() -> Json:
    """What is answered."""
    named = thing({"id": text(), "displayName": text()})
    time = {"anyOf": [text(format="date-time"), {"type": "null"}]}
    flag = {"type": "boolean"}
    presence: Json = {name: text() for name in ("shown", "text", "availability", "activity")}
    presence |= {"outOfOffice": flag, "asOf": time, "changedAt": time, "stale": flag}
    optional: Json = {
        name: text() for name in ("title", "department", "email", "userName", "number")
    }
    optional["presence"] = ref("Presence")
    card = {"id": text(), "directory": thing({"id": text(), "name": text()}), "displayName": text()}
    number = thing(
        {
            "value": text("As sent"),
            "type": text(),
            "e164": nothing_or(text()),
            "extension": nothing_or(text()),
        },
        {"fault": text()},
    )
    details: Json = {
        "emails": array(thing({"value": text(), "type": text()})),
        "numbers": array(number),
        "groups": array(named),
        "lastModified": text(format="date-time"),
    }
    more: Json = {
        "organization": text(),
        "division": text(),
        "manager": text(
            "The manager's name; left out unless the manager is an active person of the directory"
        ),
        "managerId": text("The manager's id as a contact"),
        "preferredLanguage": text(),
    }
    matched = {"allOf": [ref("Contact"), thing({"match": {"enum": ["exact", "possible"]}})]}
    unparsed = array(thing({"value": text(), "type": text(), "fault": text()}))
    whole = {"type": "integer"}
    region = thing(
        {"region": text(), "fits": whole, "fitsNow": whole, "count": whole},
        description="Region that most numbers without a country code fit, if the default region doesn't: of `count` "
        "numbers, `fits` are valid in `region` and `fitsNow` in the default region. On the first page only",
    )
    cursor = {"nextCursor": text("Asks for the next page; none: this is the last")}
    texts = {**array({"type": "string", "maxLength": 250}), "minItems": 1, "maxItems": MAX_NUMBERS}
    return {
        "Presence": thing(
            presence, description="Not confirmed for three intervals: `stale`, to be shown grey"
        ),
        "Contact": thing(card, optional, "A person; what is not known is left out"),
        "ContactDetails": {
            "allOf": [ref("Contact"), thing(details, {"name": {"type": "object"}, **more})]
        },
        "ContactPage": thing({"contacts": array(ref("Contact"))}, cursor),
        "Lookup": thing({"numbers": texts}, {"directories": {**array(text()), "maxItems": 100}}),
        "Matches": thing({"numbers": array(thing({"number": text(), "matches": array(matched)}))}),
        "UnparsedPage": thing(
            {"people": array(thing({"id": text(), "displayName": text(), "numbers": unparsed}))},
            {**cursor, "suggestedRegion": region},
        ),
        "GroupPage": thing({"groups": array(named)}, cursor),
    }


def paths() -> Json:
    """Every path of the contacts API."""
    one = "/api/directories/{directoryId}"
    search = [
        query(
            "q",
            "Beginnings of words, or a number in any format; none: everybody",
            {"type": "string", "maxLength": 200},
        ),
        _limit(MAX_LIMIT, DEFAULT_LIMIT),
        _CURSOR,
        _PRESENCE,
        _IF_NONE_MATCH,
    ]
    page = {
        200: answer(
            "People, those who are meant by name first",
            ref("ContactPage"),
            example={"contacts": [_PERSON]},
        ),
        **_UNCHANGED,
    }
    group = query("group", "Only people of this group")
    return {
        "/api/contacts": path(
            "contacts",
            get=operation(
                "searchAll",
                TAG,
                "Search or list people of all directories",
                page,
                refusals=(400,),
                parameters=search,
            ),
        ),
        "/api/contacts/lookup": path(
            "contacts_lookup",
            post=operation(
                "lookUpNumbers",
                TAG,
                "Whose numbers are these: call history, incoming calls",
                {
                    200: answer(
                        "In the order asked for; exact matches first",
                        ref("Matches"),
                        example={
                            "numbers": [
                                {"number": "030 901820", "matches": [_PERSON | {"match": "exact"}]}
                            ]
                        },
                    ),
                    **_UNCHANGED,
                },
                refusals=(400, 404, 413),
                description=(
                    "Fewer than 100 numbers are taken where many directories have more than a thousand each; the answer"
                    " then says how many would do. Name the directory where it is known."
                ),
                parameters=[_IF_NONE_MATCH],
                takes=body(ref("Lookup"), {"numbers": ["030 901820", "+44 20 7946 0958"]}),
            ),
        ),
        f"{one}/contacts": path(
            "directory_contacts",
            parameters=[ID],
            get=operation(
                "searchDirectory",
                TAG,
                "Search or list people of a directory",
                page,
                refusals=(400, 404),
                parameters=[*search, group],
            ),
        ),
        f"{one}/contacts/{{contactId}}": path(
            "directory_contact",
            parameters=[ID, path_parameter("contactId", "The person's id")],
            get=operation(
                "readContact",
                TAG,
                "One person with details and presence",
                {200: answer("The person", ref("ContactDetails")), **_UNCHANGED},
                refusals=(400, 404),
                parameters=[_PRESENCE, _IF_NONE_MATCH],
            ),
        ),
        f"{one}/numbers": path(
            "directory_numbers",
            parameters=[ID],
            get=operation(
                "listUnparsedNumbers",
                TAG,
                "Numbers that no call can be matched to, with the remedy",
                {200: answer("A page", ref("UnparsedPage")), **_UNCHANGED},
                refusals=(400, 404),
                parameters=[_limit(MAX_LIMIT, DEFAULT_LIMIT), _CURSOR, _IF_NONE_MATCH],
            ),
        ),
        f"{one}/groups": path(
            "directory_groups",
            parameters=[ID],
            get=operation(
                "listDirectoryGroups",
                TAG,
                "The directory's groups",
                {200: answer("A page", ref("GroupPage")), **_UNCHANGED},
                refusals=(400, 404),
                parameters=[_limit(MAX_LIMIT, MAX_LIMIT), _CURSOR, _IF_NONE_MATCH],
            ),
        ),
        f"{one}/export": path(
            "directory_export",
            parameters=[ID],
            get=operation(
                "exportPeople",
                TAG,
                "The people as a file, for administrators",
                {
                    200: {
                        "description": 'A chunk; chunks follow each other. `Link: …; rel="next"` names the next one',
                        "headers": {
                            "Link": {
                                "description": "The next chunk (RFC 8288)",
                                "schema": {"type": "string"},
                            }
                        },
                        "content": {
                            form.media_type.partition(";")[0]: {"schema": text()}
                            for form in FORMATS.values()
                        },
                    }
                },
                refusals=(400, 404),
                parameters=[
                    query("format", "csv", {"enum": sorted(FORMATS)}),
                    query(
                        "separator",
                        "Of `csv`: comma; a German Excel expects semicolon",
                        {"enum": list(csv_export.SEPARATORS)},
                    ),
                    query(
                        "version",
                        "Of `vcard`: 3.0 (RFC 2426), or 4.0 (RFC 6350)",
                        {"enum": list(vcard_export.VERSIONS)},
                    ),
                    _limit(MOST, MOST),
                    query("cursor", "From the `Link` of the previous chunk"),
                ],
            ),
        ),
    }
