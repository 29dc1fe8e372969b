"""The operations of the contacts API, for the OpenAPI description."""

from contacts import csv_export, vcard_export
from contacts.api import DEFAULT_LIMIT, MAX_EXPORTED, MAX_LIMIT
from contacts.export import FORMATS, MAX_PEOPLE
from contacts.people_query import MAX_FACET
from contacts.response_models import (
    ContactDetails,
    ContactPage,
    ContactTeam,
    DryRun,
    DryRunResult,
    GroupPage,
    Lookup,
    LookupResult,
    NoteDraft,
    NoteList,
    PersonNote,
    PopRequest,
    PopResult,
    UnparsedPage,
)
from local.openapi.directories import DIRECTORY_ID, FORMAT
from shared.api_contract import (
    CURSOR,
    IF_MATCH,
    IF_NONE_MATCH,
    UNCHANGED,
    Operation,
    Parameter,
    SuccessResponse,
    limit,
)

_ONE = "/api/directories/{directoryId}"
_CONTACT_ID = Parameter("contactId", "The person's ID.", location="path")
_NOTE_ID = Parameter("noteId", "The note's ID.", location="path")
_NOTE_VERSION = {"ETag": "The version of the note."}
_PRESENCE = Parameter(
    "presence",
    "`fresh` for people on a screen: Microsoft is asked first if their status is older than ten seconds.",
    {"type": "string", "enum": ["stored", "fresh"]},
)
_FACET = {"type": "string", "maxLength": MAX_FACET}
_SEARCH = (
    Parameter(
        "q",
        "A name in any spelling, beginnings of words, the name of a company, or a number in any format; empty for everyone.",
        {"type": "string", "maxLength": 200},
    ),
    Parameter(
        "company",
        "Only people of this company: the name of a directory, or `organization`.",
        _FACET,
    ),
    Parameter("department", "Only people with these words in `department`.", _FACET),
    Parameter(
        "office", "Only people with these words in the city or office of their address.", _FACET
    ),
    Parameter(
        "free",
        "`now`: only people who can take a call, each with a status confirmed within 15 seconds; `soon`: then also people "
        "in a call or meeting, busy, or right back. In `q`, `free now in Sales` says the same. A page may be short.",
        {"type": "string", "enum": ["now", "soon"]},
    ),
    limit(MAX_LIMIT, DEFAULT_LIMIT),
    CURSOR,
    _PRESENCE,
    IF_NONE_MATCH,
)
_PERSON = {
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
_PAGE = {
    200: SuccessResponse("A page of people.", ContactPage, example={"contacts": [_PERSON]}),
    304: UNCHANGED,
}

OPERATIONS = (
    Operation(
        function="contacts",
        method="get",
        path="/api/contacts",
        name="searchAll",
        summary="Search or list people of all directories",
        parameters=_SEARCH,
        responses=_PAGE,
        refusals=(400,),
    ),
    Operation(
        function="contacts_lookup",
        method="post",
        path="/api/contacts/lookup",
        name="lookUpNumbers",
        summary="Look up who has these numbers: call history, incoming calls",
        text=(
            "Fewer numbers are accepted if many directories have more than a thousand such numbers each; the error "
            "then says how many. Name the directory if it is known."
        ),
        parameters=(IF_NONE_MATCH,),
        body=Lookup,
        example={"numbers": ["030 901820", "+44 20 7946 0958"]},
        responses={
            200: SuccessResponse(
                "Exact matches first.",
                LookupResult,
                example={
                    "numbers": [
                        {"number": "030 901820", "matches": [{**_PERSON, "match": "exact"}]}
                    ]
                },
            ),
            304: UNCHANGED,
        },
        refusals=(400, 404, 413),
    ),
    Operation(
        function="contacts_pop",
        method="post",
        path="/api/contacts/pop",
        name="popScreen",
        summary="Whom an incoming call brings on the screen",
        text=(
            "One person, a choice, or nobody, in one call: with the details of the only person who has the number. "
            "`page` is the address of the page that shows the same to an agent."
        ),
        parameters=(_PRESENCE,),
        body=PopRequest,
        example={"number": "+4930901820"},
        responses={
            200: SuccessResponse(
                "Whom the number belongs to.",
                PopResult,
                example={
                    "outcome": "choice",
                    "number": "+4930901820",
                    "count": 1,
                    "contacts": [{**_PERSON, "match": "possible"}],
                    "page": "/contacts?number=%2B4930901820&pop=1",
                },
            )
        },
        refusals=(400, 404, 413),
    ),
    Operation(
        function="directory_contacts",
        method="get",
        path=f"{_ONE}/contacts",
        name="searchDirectory",
        summary="Search or list people of a directory",
        parameters=(DIRECTORY_ID, *_SEARCH, Parameter("group", "Only people of this group.")),
        responses=_PAGE,
        refusals=(400, 404),
    ),
    Operation(
        function="directory_contact",
        method="get",
        path=f"{_ONE}/contacts/{{contactId}}",
        name="readContact",
        summary="Read one person with details and presence",
        parameters=(
            DIRECTORY_ID,
            Parameter("contactId", "The person's ID.", location="path"),
            _PRESENCE,
            IF_NONE_MATCH,
        ),
        responses={200: SuccessResponse("The person.", ContactDetails), 304: UNCHANGED},
        refusals=(400, 404),
    ),
    Operation(
        function="directory_contact_team",
        method="get",
        path=f"{_ONE}/contacts/{{contactId}}/team",
        name="readTeam",
        summary="Read manager, peers and reports of a person, and who is free to stand in",
        parameters=(
            DIRECTORY_ID,
            Parameter("contactId", "The person's ID.", location="path"),
            IF_NONE_MATCH,
        ),
        responses={
            200: SuccessResponse("The people around the person.", ContactTeam),
            304: UNCHANGED,
        },
        refusals=(404,),
    ),
    Operation(
        function="directory_numbers",
        method="get",
        path=f"{_ONE}/numbers",
        name="listUnparsedNumbers",
        summary="List numbers that no call can be matched to, with the remedy",
        parameters=(
            DIRECTORY_ID,
            Parameter("limit", f"People per page: 1 to {MAX_LIMIT}, as CSV to {MAX_EXPORTED}."),
            CURSOR,
            FORMAT,
            IF_NONE_MATCH,
        ),
        responses={
            200: SuccessResponse(
                "A page.", UnparsedPage, media_types=("application/json", "text/csv")
            ),
            304: UNCHANGED,
        },
        refusals=(400, 404),
    ),
    Operation(
        function="directory_groups",
        method="get",
        path=f"{_ONE}/groups",
        name="listDirectoryGroups",
        summary="List the directory's groups",
        parameters=(DIRECTORY_ID, limit(MAX_LIMIT, MAX_LIMIT), CURSOR, IF_NONE_MATCH),
        responses={200: SuccessResponse("A page.", GroupPage), 304: UNCHANGED},
        refusals=(400, 404),
    ),
    Operation(
        function="directory_export",
        method="get",
        path=f"{_ONE}/export",
        name="exportPeople",
        summary="Export the people as a file, for administrators",
        parameters=(
            DIRECTORY_ID,
            Parameter(
                "format",
                "The format of the file.",
                {"type": "string", "enum": sorted(FORMATS), "default": "csv"},
            ),
            Parameter(
                "separator",
                "Of `csv`: comma; a German Excel expects semicolon.",
                {"type": "string", "enum": list(csv_export.SEPARATORS)},
            ),
            Parameter(
                "version",
                "Of `vcard`: 3.0 (RFC 2426) or 4.0 (RFC 6350).",
                {"type": "string", "enum": list(vcard_export.VERSIONS)},
            ),
            limit(MAX_PEOPLE, MAX_PEOPLE),
            Parameter("cursor", "From the `Link` of the previous chunk."),
        ),
        responses={
            200: SuccessResponse(
                "A chunk of the file; the chunks follow each other.",
                headers={"Link": "The next chunk (RFC 8288); missing on the last one."},
                media_types=tuple(form.media_type.partition(";")[0] for form in FORMATS.values()),
            )
        },
        refusals=(400, 404),
    ),
    Operation(
        function="contacts_noted",
        method="get",
        path="/api/contacts/noted",
        name="searchNotes",
        summary="List people with notes of agents, or search the notes",
        parameters=(
            Parameter(
                "q",
                "Words of the notes, or their beginnings; empty for everyone with notes.",
                {"type": "string", "maxLength": 200},
            ),
            limit(MAX_LIMIT, DEFAULT_LIMIT),
            CURSOR,
            IF_NONE_MATCH,
        ),
        responses=_PAGE,
        refusals=(400,),
    ),
    Operation(
        function="directory_contact_notes",
        method="get",
        path=f"{_ONE}/contacts/{{contactId}}/notes",
        name="listNotes",
        summary="List the notes of agents on a person",
        parameters=(DIRECTORY_ID, _CONTACT_ID, IF_NONE_MATCH),
        responses={
            200: SuccessResponse("The notes that have not ended.", NoteList),
            304: UNCHANGED,
        },
        refusals=(404,),
    ),
    Operation(
        function="directory_contact_notes",
        method="post",
        path=f"{_ONE}/contacts/{{contactId}}/notes",
        name="addNote",
        summary="Add a note on a person",
        parameters=(DIRECTORY_ID, _CONTACT_ID),
        body=NoteDraft,
        example={"text": "Transfer only after 10."},
        responses={201: SuccessResponse("The note.", PersonNote, headers=_NOTE_VERSION)},
        refusals=(400, 404, 409, 413),
    ),
    Operation(
        function="directory_contact_note",
        method="put",
        path=f"{_ONE}/contacts/{{contactId}}/notes/{{noteId}}",
        name="changeNote",
        summary="Replace a note",
        text="Its author and administrators may. With `If-Match`, 412 if another agent changed it.",
        parameters=(DIRECTORY_ID, _CONTACT_ID, _NOTE_ID, IF_MATCH),
        body=NoteDraft,
        example={"text": "Transfer only after 11."},
        responses={200: SuccessResponse("The note.", PersonNote, headers=_NOTE_VERSION)},
        refusals=(400, 404, 409, 412, 413),
    ),
    Operation(
        function="directory_contact_note",
        method="delete",
        path=f"{_ONE}/contacts/{{contactId}}/notes/{{noteId}}",
        name="removeNote",
        summary="Remove a note",
        text="Its author and administrators may. With `If-Match`, 412 if another agent changed it.",
        parameters=(DIRECTORY_ID, _CONTACT_ID, _NOTE_ID, IF_MATCH),
        responses={204: SuccessResponse("The note is removed.")},
        refusals=(404, 409, 412),
    ),
    Operation(
        function="directory_dry_run",
        method="post",
        path=f"{_ONE}/dry-run",
        name="dryRun",
        summary="Show what the directory would make of a user, without storing it",
        text="For administrators. Send either `user` or `csv`.",
        parameters=(DIRECTORY_ID,),
        body=DryRun,
        example={
            "user": {
                "userName": "anna.mueller@contoso.example",
                "name": {"givenName": "Anna", "familyName": "Müller"},
                "phoneNumbers": [{"type": "work", "value": "030 901820"}],
            }
        },
        responses={
            200: SuccessResponse("The person, or the error that a client would get.", DryRunResult)
        },
        refusals=(400, 404, 413),
    ),
)
