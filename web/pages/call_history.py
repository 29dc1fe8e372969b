"""Call history: find the people who have the numbers in a pasted call log, and group the calls by person."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from contacts import account_directories
from contacts.call_log import Call, CallLog, parse_log
from contacts.number_companies import NearCompany, companies_near
from contacts.number_lookup import MAX_NUMBERS, Match, TooManyLookups, lookup_numbers
from contacts.serializers import Statuses, presence_of
from directories.models import Directory
from shared import csv_cells
from shared.http import Response
from shared.numbers.number import derive
from web.filters import readable_number
from web.page_request import PageRequest
from web.pages.contact_rows import PresenceView, key_of, presence_view
from web.render import page
from web.text_families import CALL_COLUMN, DIRECTION, MATCH

SHOWN = ("all", "people", "unknown", "missed")
_COLUMNS = ("time", "direction", "duration", "number", "match", "name", "title", "company")
_MAX_CALLS = 3  # times of calls that a row shows


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """A person found by a number; `exact` is False if it is only possible that the person has this number."""

    key: str
    id: str
    name: str
    title: str
    company: str
    exact: bool
    presence: PresenceView | None


@dataclass(frozen=True, slots=True)
class Near:
    """A company to which the unknown number of a caller may belong.

    `address` is the URL of a list of the company's people who have similar numbers. `is_line` is True
    if their numbers and the unknown one have the same main line, False if only the same area code.
    """

    name: str
    is_line: bool
    address: str


@dataclass(slots=True, kw_only=True)
class Caller:
    """A number or a person in the log, with all calls.

    `number` is in E.164 form, or as pasted if it can't be parsed; `shown` is its readable form.
    `others` counts the calls from further numbers of the same person.
    """

    number: str
    shown: str
    calls: list[Call] = field(default_factory=list)
    matches: list[MatchView] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    others: int = 0

    @property
    def is_missed(self) -> bool:
        """Return whether at least one call was missed."""
        return any(call.direction == "missed" for call in self.calls)

    @property
    def directions(self) -> list[str]:
        """The directions of the calls, each once."""
        return list(dict.fromkeys(call.direction for call in self.calls if call.direction))

    @property
    def times(self) -> list[str]:
        """The times of the calls that the log lists first, at most `_MAX_CALLS`."""
        return [call.at for call in self.calls if call.at][:_MAX_CALLS]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The content of the page: the submitted form and, if `is_answered`, its result."""

    text: str = ""
    shown: str = "all"
    fault: str = ""
    summary: str = ""
    known: Sequence[Caller] = ()
    unknown: Sequence[Caller] = ()
    is_answered: bool = False


async def show(visit: PageRequest) -> Response:
    """Show `/contacts/history`."""
    return page(visit, "history.html", history=History())


async def resolve(visit: PageRequest) -> Response:
    """Show the people who have the numbers in the submitted form."""
    return page(visit, "history.html", history=await _history(visit))


async def export(visit: PageRequest) -> Response:
    """Return the calls of the submitted form as a CSV file, one line per call.

    If the form has a fault, show the page with it.
    """
    history = await _history(visit)
    if not history.is_answered and not history.fault:
        history = replace(history, fault=visit.t("numbers_missing"))
    if history.fault:
        return page(visit, "history.html", history=history)
    lines = [csv_cells.line([csv_cells.quoted(visit.t(CALL_COLUMN.code(one))) for one in _COLUMNS])]
    for caller in (*history.known, *history.unknown):
        lines += [_line(visit, caller, call) for call in caller.calls]
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": 'attachment; filename="calls.csv"',
        "Cache-Control": "no-store",
    }
    return Response(200, csv_cells.BYTE_ORDER_MARK + b"".join(lines), headers)


def _line(visit: PageRequest, caller: Caller, call: Call) -> bytes:
    match = caller.matches[0] if caller.matches else None
    kind = ("exact" if match.exact else "possible") if match else "no"
    cells = (
        call.at,
        visit.t(DIRECTION.code(call.direction)) if call.direction else "",
        call.duration,
        visit.t(MATCH.code(kind)),
        "; ".join(one.name for one in caller.matches),
        match.title if match else "",
        match.company if match else "; ".join(near.name for near in caller.near),
    )
    # Spreadsheets don't take an E.164 number with spaces for a formula, so it needs no escape.
    is_plain = caller.number.startswith("+") and not caller.others
    number = csv_cells.quoted(caller.shown) if is_plain else csv_cells.safe(call.number)
    written = [csv_cells.safe(cell) for cell in cells]
    return csv_cells.line([*written[:3], number, *written[3:]])


async def _history(visit: PageRequest) -> History:
    text, shown = visit.form.get("numbers", ""), visit.form.get("show", "all")
    shown = shown if shown in SHOWN else "all"
    log = parse_log(text)
    numbers = log.numbers
    if not numbers:
        is_asked = bool(text.strip()) or visit.form.get("go") == "1"
        fault = visit.t("numbers_missing") if is_asked else ""
        return History(text=text, shown=shown, fault=fault)
    if len(numbers) > MAX_NUMBERS:
        fault = visit.t("numbers_too_many", count=len(numbers), most=MAX_NUMBERS)
        return History(text=text, shown=shown, fault=fault)
    try:
        callers = await _callers(visit, log)
    except TooManyLookups as error:
        fault = visit.t("lookup_too_many", count=len(numbers), most=error.most)
        return History(text=text, shown=shown, fault=fault)
    known, unknown = _filtered(callers, shown)
    return History(
        text=text,
        shown=shown,
        summary=_summary(visit, log, callers),
        known=known,
        unknown=unknown,
        is_answered=True,
    )


def _summary(visit: PageRequest, log: CallLog, callers: Sequence[Caller]) -> str:
    known = sum(bool(one.matches) for one in callers)
    summary = visit.t("resolved_count", found=known, all=len(callers), calls=len(log.calls))
    if log.unread:
        summary = f"{summary} · {visit.counted('lines_unread', log.unread)}"
    return summary


def _filtered(callers: Sequence[Caller], shown: str) -> tuple[list[Caller], list[Caller]]:
    if shown == "missed":
        callers = [one for one in callers if one.is_missed]
    known = [one for one in callers if one.matches and shown != "unknown"]
    unknown = [one for one in callers if not one.matches and shown != "people"]
    return known, unknown


async def _callers(visit: PageRequest, log: CallLog) -> list[Caller]:
    """Return the callers of a log, in its order.

    Calls are grouped by number, or by person if only one person has the number.
    """
    directories = await account_directories.all_directories(visit.app, visit.reader)
    numbers = log.numbers
    found = dict(zip(numbers, await lookup_numbers(visit.app, directories, numbers), strict=True))
    people = [(one.directory, one.card) for own in found.values() for one in own]
    known = await presence_of(visit.app, people)
    region = directories[0].region if directories else visit.settings.default_region
    callers: dict[str, Caller] = {}
    for call in log.calls:
        e164 = derive(call.number, region).e164
        own = found[call.number]
        caller = callers.get(_group(own, e164 or call.number))
        if caller is None:
            shown = readable_number(e164) if e164 else call.number
            views = [_match(visit, one, known) for one in own]
            caller = Caller(number=e164 or call.number, shown=shown, matches=views)
            callers[_group(own, e164 or call.number)] = caller
        elif (e164 or call.number) != caller.number:
            caller.others += 1
        caller.calls.append(call)
    await _add_companies(visit, directories, list(callers.values()))
    return list(callers.values())


def _group(matches: Sequence[Match], number: str) -> str:
    """Return the key by which calls are grouped.

    That is the key of the only person who has exactly this number, or else the number itself.
    """
    exact = [one for one in matches if one.kind == "exact"]
    if len(exact) == 1:
        return key_of(exact[0].directory.id, exact[0].card.id)
    return number


def _match(visit: PageRequest, match: Match, known: Statuses) -> MatchView:
    card, directory = match.card, match.directory
    key = key_of(directory.id, card.id)
    status = known.get((directory.id, card.external_id))
    return MatchView(
        key=key,
        id=card.id,
        name=card.name,
        title=card.title or card.department,
        company=card.organization or directory.name,
        exact=match.kind == "exact",
        presence=presence_view(visit, key, status) if status else None,
    )


async def _add_companies(
    visit: PageRequest, directories: Sequence[Directory], callers: Sequence[Caller]
) -> None:
    unknown = [one for one in callers if not one.matches and one.number.startswith("+")]
    near = await companies_near(visit.app, directories, [one.number for one in unknown])
    for one in unknown:
        one.near = [_near(company) for company in near[one.number]]


def _near(company: NearCompany) -> Near:
    fields = {"directory": company.directory.id, "q": f"+{company.beginning}"}
    address = f"/contacts?{urlencode(fields)}"
    return Near(company.directory.name, company.kind == "line", address)
