"""The dry run of a mapping: paste a SCIM user or a row of a table, and see the person it gives; nothing is stored."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from contacts.dry_run import attribute_of
from directories import service
from directories.models import Directory
from scim.users import dry_run
from scim.users.dry_run import MAX_CHARACTERS, DryRun
from shared.http import Response
from shared.ids import is_guid
from shared.numbers.number import Number
from web.page_request import PageRequest
from web.pages.directory import framed
from web.render import page
from web.text_families import NUMBER, NUMBER_KEY, NUMBER_TYPES

_IS_JSON = re.compile(r"\s*[{\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A number as sent, its type, how it was parsed, the digits by which it is found, and its fault with the remedy."""

    value: str
    type: str
    reading: str
    keys: list[str]
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a dry run: the person as the directory would store it, or why the user would be refused.

    If the user would be refused, `name` is "", `refusal` is the reason, and `attribute` is the
    attribute at fault.
    """

    refusal: str = ""
    attribute: str = ""
    name: str = ""
    active: bool = True
    facts: list[tuple[str, str]]
    numbers: list[NumberRow]
    terms: list[str]
    remarks: list[tuple[str, str]]
    without_presence: str = ""


async def ask(visit: PageRequest) -> Response:
    """Show the empty form."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return await _shown(visit, directory, "", None)


async def run(visit: PageRequest) -> Response:
    """Show the result below the pasted text, or the fault if the text can't be parsed."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    text = visit.form.get("text", "").replace("\r\n", "\n").strip()
    fault = _fault_of(visit, text)
    if fault is not None:
        return await _shown(visit, directory, text[:MAX_CHARACTERS], fault, 422)
    found = _outcome(visit, directory, _found(directory, text))
    return await _shown(visit, directory, text, found)


def _found(directory: Directory, text: str) -> DryRun | str:
    """Return the result of the dry run, or the parser's error if the text isn't valid JSON."""
    if not _IS_JSON.match(text):
        return dry_run.of_columns(directory, text)
    try:
        return dry_run.of_user(directory, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return str(error)


def _fault_of(visit: PageRequest, text: str) -> Outcome | None:
    if not text:
        return _refused(visit.t("dry_run_empty"))
    if len(text) > MAX_CHARACTERS:
        return _refused(visit.t("dry_run_too_long", count=len(text), most=MAX_CHARACTERS))
    return None


def _refused(
    text: str, attribute: str = "", remarks: list[tuple[str, str]] | None = None
) -> Outcome:
    return Outcome(
        refusal=text, attribute=attribute, facts=[], numbers=[], terms=[], remarks=remarks or []
    )


def _outcome(visit: PageRequest, directory: Directory, found: DryRun | str) -> Outcome:
    if isinstance(found, str):
        return _refused(visit.t("body_no_json", error=found))
    remarks = [(one.attribute, visit.text(one.message)) for one in found.remarks]
    if found.refusal or found.record is None or found.card is None:
        refusal = found.refusal
        text = visit.text(refusal.message) if refusal else ""
        return _refused(text, attribute_of(refusal) if refusal else "", remarks)
    card = found.card
    facts = (
        ("userName", card.user_name),
        ("externalId", card.external_id),
        ("title", card.title),
        ("department", card.department),
        ("emails", card.mail),
    )
    needs_object_id = directory.kind == "entra" and not is_guid(card.external_id.lower())
    return Outcome(
        name=card.name,
        active=found.record.active,
        facts=[(name, value) for name, value in facts if value],
        numbers=[number_row(visit, kind, number) for kind, number in found.numbers],
        terms=found.terms,
        remarks=remarks,
        without_presence=visit.t("dry_run_no_presence") if needs_object_id else "",
    )


def number_row(visit: PageRequest, kind: str, number: Number) -> NumberRow:
    """Return a number as a row that shows how it was parsed."""
    reading = number.e164 or ""
    if reading and number.extension:
        reading = visit.t("number_with_extension", number=reading, extension=number.extension)
    known = kind.lower() if kind.lower() in NUMBER_TYPES else ""
    return NumberRow(
        value=number.raw,
        type=visit.t(NUMBER.code(known)) if known else kind,
        reading=reading,
        keys=[f"{key.digits} ({visit.t(NUMBER_KEY.code(key.kind))})" for key in number.keys],
        fault=visit.text(number.fault),
    )


async def _shown(
    visit: PageRequest, directory: Directory, text: str, found: Outcome | None, status: int = 200
) -> Response:
    values: dict[str, Any] = await framed(visit, directory, "dry_run")
    return page(
        visit, "dry_run.html", status=status, text=text, found=found, most=MAX_CHARACTERS, **values
    )
