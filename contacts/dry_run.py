"""The dry run of a mapping over HTTP: parses the user or CSV row in a request, and returns the outcome as JSON."""

from contacts.response_models import DryRunNumber, DryRunPerson, DryRunRefusal, DryRunResult
from directories import service
from directories.errors import NotThere
from scim.core.errors import ScimError
from scim.users import dry_run
from scim.users.contact_cards import Card
from scim.users.dry_run import MAX_CHARACTERS, DryRun
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
from shared.numbers.number import Number

_MAX_BODY = 64 * 1024  # bytes, as of a user that a client sends


async def post(app: App, request: Request, person: Principal) -> Response:
    """POST /api/directories/{directoryId}/dry-run: `{"user": {…}}` or `{"csv": "…"}`."""
    require_admin(request, app.settings)
    check_same_origin(request, app.settings.public_url)
    try:
        directory = await service.read(app, person.account, request.route["directoryId"])
    except NotThere:
        raise HttpError(404, Message("directory_not_found")) from None
    body = json_body(request, _MAX_BODY)
    if not isinstance(body, dict) or len(body.keys() & {"user", "csv"}) != 1:
        raise HttpError(400, Message("dry_run_body"), field="user")
    if "user" in body:
        return json_response(as_json(dry_run.of_user(directory, body["user"])))
    text = body["csv"]
    if not isinstance(text, str):
        raise HttpError(400, Message("field_not_text", field="csv"), field="csv")
    if len(text) > MAX_CHARACTERS:
        message = Message("field_too_long", field="csv", most=MAX_CHARACTERS)
        raise HttpError(413, message, field="csv")
    return json_response(as_json(dry_run.of_columns(directory, text)))


def as_json(found: DryRun) -> DryRunResult:
    """Return the outcome as the JSON of the API."""
    return {
        "accepted": found.refusal is None,
        "refusal": _refusal(found.refusal) if found.refusal else None,
        "person": _person(found.card, active=found.record.active)
        if found.record and found.card
        else None,
        "numbers": [_number(kind, number) for kind, number in found.numbers],
        "searchTerms": found.terms,
        "remarks": [
            {"attribute": one.attribute, "reason": one.message.code, "detail": one.message.text()}
            for one in found.remarks
        ],
        "resource": found.record.resource if found.record else None,
    }


def attribute_of(error: ScimError) -> str:
    """Return the name of the attribute that an error refers to, or ""."""
    return str(error.message.params.get("attribute", ""))


def _refusal(error: ScimError) -> DryRunRefusal:
    return {
        "status": error.status,
        "scimType": error.scim_type or "",
        "attribute": attribute_of(error),
        "reason": error.message.code,
        "detail": error.body()["detail"],
    }


def _person(card: Card, *, active: bool) -> DryRunPerson:
    return {
        "displayName": card.name,
        "active": active,
        "userName": card.user_name,
        "externalId": card.external_id,
        "title": card.title,
        "department": card.department,
        "email": card.mail,
        "number": card.number,
    }


def _number(kind: str, number: Number) -> DryRunNumber:
    return {
        "value": number.raw,
        "type": kind,
        "e164": number.e164,
        "extension": number.extension,
        "keys": [{"digits": key.digits, "kind": key.kind} for key in number.keys],
        "fault": number.fault.text() if number.fault else "",
    }
