"""Handlers of the contacts API. Each takes the request of a signed-in user and returns people as JSON or as a file."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from contacts import (
    account_directories,
    csv_export,
    listing,
    number_lookup,
    screen_pop,
    unparsed_numbers,
    vcard_export,
)
from contacts.availability import who_is_free
from contacts.details import read_contact
from contacts.export import FORMATS, MAX_PEOPLE, csv_format, export, vcard_format
from contacts.free_people import free_page_json
from contacts.people_query import FREE, MAX_FACET, PeopleQuery
from contacts.region_suggestion import suggest_region
from contacts.response_models import (
    MAX_DIRECTORIES,
    MAX_NUMBER_LENGTH,
    GroupPage,
    UnparsedPage,
)
from contacts.search import find
from contacts.serializers import matches_json, page_json, person_json, pop_json, with_etag
from contacts.team import read_team, team_json
from directories import audit_relay
from directories.audit import Act, person_actor
from directories.models import Directory
from shared.app import App
from shared.easy_auth import Principal, require_admin
from shared.http import (
    HttpError,
    Request,
    Response,
    check_same_origin,
    json_body,
    json_response,
)
from shared.messages import Message

DEFAULT_LIMIT = 50
MAX_EXPORTED = 999  # people with numbers needing attention, in a chunk of a file
MAX_LIMIT = 200
_MAX_QUERY = 200  # characters
_MAX_CURSOR = 2048


async def all_contacts(app: App, request: Request, person: Principal) -> Response:
    """Return people of all directories of the account, listed or searched."""
    _refuse_group(request)
    directories = await account_directories.all_directories(app, person)
    notice = await account_directories.notice(app, person, directories)
    return await _page(app, request, directories, notice)


async def contacts(app: App, request: Request, person: Principal) -> Response:
    """Return people of one directory, listed or searched; with the parameter `group` only members of that group."""
    return await _page(app, request, [await _directory(app, request, person)])


async def contact(app: App, request: Request, person: Principal) -> Response:
    """Return one person with details and presence."""
    directory = await _directory(app, request, person)
    on_demand = _on_demand(request)
    found = await read_contact(app, directory, request.route["contactId"])
    return with_etag(request, await person_json(app, found, on_demand=on_demand))


async def team(app: App, request: Request, person: Principal) -> Response:
    """Return a person's manager, peers and reports, and the free people who can stand in."""
    directory = await _directory(app, request, person)
    return with_etag(
        request, team_json(await read_team(app, directory, request.route["contactId"]))
    )


async def look_up(app: App, request: Request, person: Principal) -> Response:
    """Return the people for each of up to 100 phone numbers, in the named directories or all."""
    check_same_origin(request, app.settings.public_url)
    texts, ids = _lookup_body(json_body(request))
    directories = await _named(app, person, ids)
    try:
        found = await number_lookup.lookup_numbers(app, directories, texts)
    except number_lookup.TooManyLookups as error:
        message = Message("lookup_too_many", count=len(texts), most=error.most)
        raise _bad("numbers", message) from None
    content = await matches_json(app, texts, found)
    if ids is None and (notice := await account_directories.notice(app, person, directories)):
        content["notice"] = notice
    return with_etag(request, content)


async def pop_up(app: App, request: Request, person: Principal) -> Response:
    """Return the people to show for the number of an incoming call, in the named directories or all."""
    check_same_origin(request, app.settings.public_url)
    on_demand = _on_demand(request)
    text, ids = _pop_body(json_body(request))
    directories = await _named(app, person, ids)
    await account_directories.notice(app, person, directories)
    found = await screen_pop.find_caller(app, directories, text)
    only = None
    if found.outcome == "person":
        (match,) = found.matches
        try:
            only = await read_contact(app, match.directory, match.card.id)
        except HttpError:  # removed since the number was found
            found = screen_pop.ScreenPop(found.number, "none", (), 0)
    return json_response(await pop_json(app, found, only, on_demand=on_demand))


async def numbers(app: App, request: Request, person: Principal) -> Response:
    """Return the phone numbers that need the administrator's attention.

    The first page also suggests another default region if most numbers fit that one better.
    """
    directory = await _directory(app, request, person)
    after = parse_cursor(request)
    if _one_of(request, "format", ("json", "csv")) == "csv":
        return await _numbers_csv(app, request, person, directory, after)
    found, cursor = await unparsed_numbers.list_unparsed(
        app, directory, parse_limit(request, DEFAULT_LIMIT, MAX_LIMIT), after
    )
    page: UnparsedPage = {
        "people": [{"id": one.id, "displayName": one.name, "numbers": one.numbers} for one in found]
    }
    if cursor:
        page["nextCursor"] = cursor
    if not after and (fit := await suggest_region(app, directory)):
        page["suggestedRegion"] = {
            "region": fit.region,
            "fits": fit.fits,
            "fitsNow": fit.fits_now,
            "count": fit.count,
        }
    return with_etag(request, page)


async def _numbers_csv(
    app: App, request: Request, person: Principal, directory: Directory, after: str
) -> Response:
    """Return a part of the numbers that need attention as CSV, for administrators.

    The header `Link: …; rel="next"` is the address of the next part.
    """
    require_admin(request, app.settings)
    limit = parse_limit(request, MAX_EXPORTED, MAX_EXPORTED)
    act = Act("people.exported", new={"format": "numbers", "part": "next" if after else "first"})
    await audit_relay.record(app, person_actor(person, request), directory.id, directory.name, act)
    found, cursor = await unparsed_numbers.list_unparsed(app, directory, limit, after)
    headers = {
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": _attachment(f"{directory.name} numbers.csv"),
    }
    if cursor:
        following = f"{request.path}?format=csv&limit={limit}&cursor={quote(cursor, safe='')}"
        headers["Link"] = f'<{following}>; rel="next"'
    return Response(200, csv_export.numbers_file(found, is_first=not after), headers)


async def groups(app: App, request: Request, person: Principal) -> Response:
    """Return the groups of the directory, so that an agent can list the people of one."""
    directory = await _directory(app, request, person)
    limit = parse_limit(request, MAX_LIMIT, MAX_LIMIT)
    found, cursor = await listing.list_groups(app, directory, limit, parse_cursor(request))
    page: GroupPage = {
        "groups": [{"id": group_id, "displayName": name} for group_id, name in found]
    }
    if cursor:
        page["nextCursor"] = cursor
    return with_etag(request, page)


async def export_chunk(app: App, request: Request, person: Principal) -> Response:
    """Return a part of the directory as a file, for administrators.

    The header `Link: …; rel="next"` is the address of the next part.
    """
    require_admin(request, app.settings)
    directory = await _directory(app, request, person)
    name = _one_of(request, "format", FORMATS)
    if name == "csv":
        choice = "separator", _one_of(request, "separator", csv_export.SEPARATORS)
        form = csv_format(choice[1])
    else:
        choice = "version", _one_of(request, "version", vcard_export.VERSIONS)
        form = vcard_format(choice[1])
    limit = parse_limit(request, MAX_PEOPLE, MAX_PEOPLE)
    cursor = parse_cursor(request)
    # Before anything is read: no export is without its audit event.
    act = Act("people.exported", new={"format": name, "part": "next" if cursor else "first"})
    await audit_relay.record(app, person_actor(person, request), directory.id, directory.name, act)
    chunk = await export(app, directory, form, limit, cursor)
    headers = {
        "Content-Type": form.media_type,
        "Content-Disposition": _attachment(f"{directory.name}.{form.extension}"),
    }
    if chunk.cursor:
        following = (
            f"{request.path}?format={name}&{choice[0]}={choice[1]}"
            f"&limit={limit}&cursor={quote(chunk.cursor, safe='')}"
        )
        headers["Link"] = f'<{following}>; rel="next"'
    return Response(200, chunk.content, headers)


async def _named(app: App, person: Principal, ids: Sequence[str] | None) -> Sequence[Directory]:
    """Return the account's directories with these ids; all of them if `ids` is None."""
    if ids is None:
        return await account_directories.all_directories(app, person)
    return [await account_directories.one_directory(app, person, one) for one in ids]


async def _directory(app: App, request: Request, person: Principal) -> Directory:
    return await account_directories.one_directory(app, person, request.route["directoryId"])


async def _page(
    app: App, request: Request, directories: Sequence[Directory], notice: str = ""
) -> Response:
    on_demand, query = _on_demand(request), _query(request)
    limit, cursor = parse_limit(request, DEFAULT_LIMIT, MAX_LIMIT), parse_cursor(request)
    if query.group:
        (directory,) = directories
        await listing.check_group(app, directory, query.group)
    if query.free:
        content = free_page_json(await who_is_free(app, directories, query, limit, cursor))
    else:
        page = await find(app, directories, query, limit, cursor)
        content = await page_json(app, page.found, page.cursor, on_demand=on_demand)
    if notice:
        content["notice"] = notice
    return with_etag(request, content)


def _query(request: Request) -> PeopleQuery:
    """Return the query of the request's parameters. A filter typed in `q` overrides the parameter of the same name."""
    facets = {name: _facet(request, name) for name in ("company", "department", "office")}
    free = request.query.get("free", "")
    if free not in FREE:
        raise _bad("free", Message("not_one_of", name="free", value=free[:20], known="now, soon"))
    given = PeopleQuery(group=request.query.get("group", ""), free=free, **facets)
    return PeopleQuery.typed(parse_text(request)).over(given)


def _facet(request: Request, name: str) -> str:
    text = request.query.get(name, "").strip()
    if len(text) > MAX_FACET:
        message = Message("search_text_too_long", name=name, count=len(text), most=MAX_FACET)
        raise _bad(name, message)
    return text


def _bad(field: str, message: Message) -> HttpError:
    return HttpError(400, message, field=field)


def _refuse_group(request: Request) -> None:
    if request.query.get("group"):
        raise _bad("group", Message("group_needs_directory"))


def parse_text(request: Request) -> str:
    """Return the query parameter `q`; raise HttpError 400 if it is too long."""
    text = request.query.get("q", "").strip()
    if len(text) > _MAX_QUERY:
        message = Message("search_text_too_long", name="q", count=len(text), most=_MAX_QUERY)
        raise _bad("q", message)
    return text


def parse_cursor(request: Request) -> str:
    """Return the query parameter `cursor`; raise HttpError 400 if it is too long."""
    cursor = request.query.get("cursor", "")
    if len(cursor) > _MAX_CURSOR:
        raise _bad("cursor", Message("cursor_not_valid"))
    return cursor


def _one_of(request: Request, name: str, known: Iterable[str]) -> str:
    """Return a query parameter, or the first of `known` if it is absent; raise HttpError 400 if it isn't in `known`."""
    allowed = list(known)
    value = request.query.get(name, "") or allowed[0]
    if value not in allowed:
        known_text = ", ".join(allowed)
        raise _bad(name, Message("not_one_of", name=name, value=value[:20], known=known_text))
    return value


def parse_limit(request: Request, default: int, most: int) -> int:
    """Return the query parameter `limit`; raise HttpError 400 if it isn't from 1 to `most`."""
    text = request.query.get("limit", "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= most):
        raise _bad("limit", Message("limit_out_of_range", most=most))
    return int(text)


def _on_demand(request: Request) -> bool:
    """Return whether the request has `presence=fresh`, which clients send for people who are on the screen."""
    match request.query.get("presence", ""):
        case "" | "stored":
            return False
        case "fresh":
            return True
    raise _bad("presence", Message("presence_mode"))


def _lookup_body(body: Any) -> tuple[list[str], list[str] | None]:
    """Return the numbers of a lookup's body, and its directory ids or None if it names none."""
    if not isinstance(body, dict):
        raise _bad("body", Message("lookup_body"))
    texts, ids = body.get("numbers"), body.get("directories")
    if not isinstance(texts, list) or not 1 <= len(texts) <= number_lookup.MAX_NUMBERS:
        raise _bad("numbers", Message("lookup_numbers", most=number_lookup.MAX_NUMBERS))
    for index, text in enumerate(texts):
        if not isinstance(text, str) or len(text) > MAX_NUMBER_LENGTH:
            field = f"numbers[{index}]"
            raise _bad(field, Message("lookup_number", field=field, most=MAX_NUMBER_LENGTH))
    return texts, _directory_ids(ids)


def _pop_body(body: Any) -> tuple[str, list[str] | None]:
    """Return the number of a screen pop's body, and its directory ids or None if it names none."""
    if not isinstance(body, dict):
        raise _bad("body", Message("pop_body"))
    text = body.get("number")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_NUMBER_LENGTH:
        raise _bad("number", Message("lookup_number", field="number", most=MAX_NUMBER_LENGTH))
    return text, _directory_ids(body.get("directories"))


def _directory_ids(ids: Any) -> list[str] | None:
    """Return the directory ids of a request body without duplicates; None, for all directories, if it has none."""
    if ids is None:
        return None
    is_list = isinstance(ids, list) and len(ids) <= MAX_DIRECTORIES
    if not is_list or not all(isinstance(one, str) for one in ids):
        raise _bad("directories", Message("lookup_directories", most=MAX_DIRECTORIES))
    return list(dict.fromkeys(ids))


def _attachment(name: str) -> str:
    """Return the header Content-Disposition with the file name in both forms of RFC 6266 section 5."""
    plain = "".join([c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name])
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
