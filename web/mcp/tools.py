"""The MCP tools: what an agent can do on the Organisation page, for a language model that answers calls.

A tool has the rights, the directories and the rate limits of the signed-in user or program.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from contacts import account_directories
from contacts.availability import who_is_free
from contacts.details import read_contact
from contacts.free_people import free_page_json
from contacts.people_query import PeopleQuery
from contacts.response_models import Contact, ContactPage, PopResult
from contacts.screen_pop import ScreenPop, find_caller
from contacts.search import find
from contacts.serializers import page_json, pop_json
from directories.models import Directory
from shared.app import App
from shared.easy_auth import Principal
from shared.http import HttpError
from shared.messages import Message, counted
from web.mcp.models import (
    FIND_PERSON,
    WHO_IS_FREE,
    WHOSE_NUMBER,
    About,
    Arguments,
    FindPerson,
    WhoIsFree,
    WhoseNumber,
)
from web.openapi.schemas import Schemas

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Caller:
    """The context of a tool call: the app, and the directories that the user may read."""

    app: App
    directories: Sequence[Directory]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result: `content` as JSON for programs, and `text` with the same facts for a language model."""

    content: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: its description, the model of its arguments, the type of its JSON result, and its function."""

    about: About
    arguments: type[Arguments]
    result: type
    run: Callable[[Caller, Any], Awaitable[ToolResult]]

    def described(self) -> dict[str, Any]:
        """Return the tool's definition for `tools/list`, with JSON Schemas derived from the models."""
        return {
            "name": self.about.name,
            "title": self.about.title,
            "description": self.about.description,
            "inputSchema": self.arguments.model_json_schema(),
            "outputSchema": _schema_of(self.result),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }

    async def call(self, app: App, person: Principal, arguments: dict[str, Any]) -> ToolResult:
        """Validate the arguments, run the tool, and return its result.

        If Entra didn't send the user's groups, so that some directories stay closed, the result has
        a `notice` with this reason.

        Raises:
            HttpError: 400 for arguments that are not valid, or the error that the JSON API
                would respond with.
        """
        try:
            validated = self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise HttpError(400, _fault(error)) from None
        directories = await account_directories.all_directories(app, person)
        notice = await account_directories.notice(app, person, directories)
        result = await self.run(Caller(app, directories), validated)
        if not notice:
            return result
        return ToolResult({**result.content, "notice": notice}, f"{result.text}\n{notice}")


async def _find_person(caller: Caller, arguments: FindPerson) -> ToolResult:
    query = PeopleQuery(text=arguments.query)
    page = await find(caller.app, caller.directories, query, arguments.limit, arguments.cursor)
    content = await page_json(caller.app, page.found, page.cursor, on_demand=True)
    people = content["contacts"]
    return ToolResult(content, _people(counted("mcp_found", len(people)), people, content))


async def _who_is_free(caller: Caller, arguments: WhoIsFree) -> ToolResult:
    given = PeopleQuery(
        company=arguments.company,
        department=arguments.department,
        office=arguments.office,
        free="soon" if arguments.soon else "now",
    )
    query = PeopleQuery.typed(arguments.query).over(given)
    page = await who_is_free(
        caller.app, caller.directories, query, arguments.limit, arguments.cursor
    )
    content = free_page_json(page)
    people = content["contacts"]
    return ToolResult(content, _people(counted("mcp_free", len(people)), people, content))


async def _whose_number(caller: Caller, arguments: WhoseNumber) -> ToolResult:
    pop = await find_caller(caller.app, caller.directories, arguments.number)
    person = None
    if pop.outcome == "person":
        (match,) = pop.matches
        try:
            person = await read_contact(caller.app, match.directory, match.card.id)
        except HttpError:  # removed after the number was found
            pop = ScreenPop(pop.number, "none", (), 0)
    content = await pop_json(caller.app, pop, person, on_demand=True)
    people = content["contacts"]
    is_possible = any(one["match"] == "possible" for one in people)
    head = counted("mcp_maybe" if is_possible else "mcp_callers", len(people))
    return ToolResult(content, _people(head, people))


def _people(head: Message, people: Sequence[Contact], page: ContactPage | None = None) -> str:
    """Return a text that lists people: `head` with their count, then one line per person.

    `page` adds lines for statuses that are not confirmed and for a next page.
    """
    lines = [(head if people else Message("mcp_nobody")).text(), *map(_line, people)]
    if page and page.get("unconfirmed"):
        lines.append(counted("mcp_unconfirmed", page["unconfirmed"]).text())
    if page and page.get("nextCursor"):
        lines.append(Message("mcp_more").text())
    return "\n".join(lines)


def _line(person: Contact) -> str:
    presence = person.get("presence")
    parts = (
        person["displayName"],
        person.get("title"),
        person.get("department"),
        person["directory"]["name"],
        presence["text"] if presence else None,
        person.get("number"),
        person.get("email"),
    )
    return "- " + " | ".join(part for part in parts if part)


def _fault(error: ValidationError) -> Message:
    """Return a message with the first argument that is not valid and its fault."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"])) or "arguments"
    return Message("mcp_argument", field=field[:60], fault=first["msg"][:200])


def _schema_of(model: type) -> dict[str, Any]:
    """Return the JSON Schema of an API model as one document: the schemas it refers to are in `$defs`."""
    schemas = Schemas()
    name = schemas.ref(model)["$ref"].removeprefix(_REFERENCE)
    found: dict[str, Any] = dict(schemas.named.pop(name))
    if schemas.named:
        found["$defs"] = schemas.named
    return _local(found)  # type: ignore[no-any-return]


def _local(part: Any) -> Any:
    if isinstance(part, list):
        return [_local(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: value.replace(_REFERENCE, "#/$defs/") if name == "$ref" else _local(value)
        for name, value in part.items()
    }


TOOLS = {
    tool.about.name: tool
    for tool in (
        Tool(
            about=FIND_PERSON,
            arguments=FindPerson,
            result=ContactPage,
            run=_find_person,
        ),
        Tool(
            about=WHO_IS_FREE,
            arguments=WhoIsFree,
            result=ContactPage,
            run=_who_is_free,
        ),
        Tool(
            about=WHOSE_NUMBER,
            arguments=WhoseNumber,
            result=PopResult,
            run=_whose_number,
        ),
    )
}
