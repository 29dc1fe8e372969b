"""Directories: create, list, change, delete; credentials; state and provisioning log."""

from directories.api import MAX_LINES
from directories.event_types import KINDS
from directories.request_models import ChangeBody, IssueBody, NewDirectoryBody, TrustBody
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

TAG = "Directories"
ID = path_parameter(
    "directoryId", "The directory", pattern="^[A-Za-z0-9-]{4,64}$", example="k3v9x0q2m7r5t8w1z4b6"
)
_IF_MATCH = header("If-Match", "Only if the directory still has this `ETag`")
_MODELS = (NewDirectoryBody, ChangeBody, IssueBody, TrustBody)
_ETAG = {"ETag": {"description": "The version of the directory", "schema": {"type": "string"}}}


def _tagged(response: Json) -> Json:
    return {**response, "headers": _ETAG}


def schemas() -> Json:
    """What is taken (from the models that check it) and what is answered."""
    time, state = text(format="date-time"), {"enum": ["live", "revoked", "expired"]}
    brief: Json = {
        "id": text(),
        "name": text(),
        "kind": {"enum": ["entra", "other"]},
        "region": text("Reads national numbers: an ISO 3166 code"),
        "strict_numbers": {"type": "boolean"},
        "setup": {"enum": ["connect", "presence", "done"]},
        "presence": {"enum": ["undecided", "on", "off"]},
        "created": time,
        "scim_base_url": text("Entra's *Tenant URL*", format="uri"),
    }
    event: Json = {
        name: text()
        for name in (
            "resource_type",
            "resource_id",
            "name",
            "external_id",
            "was_external_id",
            "scim_type",
            "attribute",
            "detail",
            "reason",
            "remedy",
            "client",
            "method",
        )
    }
    integer = {"type": "integer"}
    event |= {
        "active": {"type": "boolean"},
        "was_active": {"type": "boolean"},
        "changed": array(text()),
    }
    event |= {"users": integer, "groups": integer, "status": integer}
    denied = thing(
        {"at": time, "reason": text(), "count": integer, "detail": text(), "remedy": text()}
    )
    reindex = thing({"state": {"enum": ["waiting", "running"]}, "done": integer, "total": integer})
    full = {
        **brief,
        "token_endpoint": text("Of OAuth 2.0 client credentials", format="uri"),
        "client_id": text(),
        "tokens": array(ref("Credential")),
        "secrets": array(ref("Credential")),
        "trust": nothing_or(ref("TrustBody")),
    }
    state_of: Json = {
        "stage": {"enum": ["waiting", "connected", "provisioning"]},
        "people": integer,
        "active": integer,
        "groups": integer,
        "last_call": nothing_or(time),
        "refused_last_day": integer,
        "done_last_day": integer,
        "quarantine": {"enum": ["good", "near", "beyond"]},
        "last_refusal": nothing_or(ref("Event")),
        "denied": nothing_or(denied),
        "reindex": nothing_or(reindex),
    }
    credential = {
        "id": text(),
        "created": time,
        "expires": nothing_or(time),
        "last_used": nothing_or(time),
    }
    return {
        **{model.__name__: _model(model.model_json_schema()) for model in _MODELS},
        "DirectoryBrief": thing(brief),
        "Directory": thing(
            full, {"token": text("The security token, shown this once, where it was just created")}
        ),
        "Credential": thing({**credential, "state": state}),
        "State": thing(state_of),
        "Event": thing(
            {"id": text(), "at": time, "kind": text(), "count": integer, "first": time}, event
        ),
    }


def _model(schema: Json) -> Json:
    """A pydantic model's schema without its titles and the name of its endpoint."""
    properties = {
        name: {k: v for k, v in part.items() if k != "title"}
        for name, part in schema["properties"].items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def paths() -> Json:
    """Every path under `/api/directories` that is about the directory itself."""
    one, own = "/api/directories/{directoryId}", [ID]
    new = {"name": "Contoso", "kind": "entra", "region": "DE"}
    shown = _tagged(answer("The directory", ref("Directory")))
    removed = thing({"state": text(), "restorable_seconds": {"type": "integer"}, "restore": text()})
    deleted = array(thing({"id": text(), "name": text(), "deleted": text(format="date-time")}))
    found: Json = {
        "/api/directories": path(
            "directories",
            get=operation(
                "listDirectories",
                TAG,
                "The account's directories",
                {
                    200: answer(
                        "In the order of creation",
                        thing({"directories": array(ref("DirectoryBrief"))}, {"deleted": deleted}),
                    )
                },
                parameters=[
                    query("deleted", "With any value: also those that can still be restored")
                ],
            ),
            post=operation(
                "createDirectory",
                TAG,
                "Create a directory; its security token is in this answer only",
                {201: _tagged(answer("Created", ref("Directory")))},
                refusals=(400, 413),
                takes=body(ref("NewDirectoryBody"), new),
            ),
        ),
        one: path(
            "directory",
            parameters=own,
            get=operation(
                "readDirectory",
                TAG,
                "A directory with its credentials",
                {200: shown},
                refusals=(404,),
            ),
            patch=operation(
                "changeDirectory",
                TAG,
                "Change what is sent, leave the rest",
                {200: shown},
                refusals=(400, 404, 412, 413),
                parameters=[_IF_MATCH],
                takes=body(ref("ChangeBody"), {"name": "Contoso Ltd"}),
            ),
            delete=operation(
                "deleteDirectory",
                TAG,
                "Delete a directory with its people; restorable for ten minutes",
                {202: answer("Hidden at once, its tokens dead", removed)},
                refusals=(404, 412),
                parameters=[_IF_MATCH],
            ),
        ),
        f"{one}/restore": path(
            "directory_restore",
            parameters=own,
            post=operation(
                "restoreDirectory", TAG, "Undo a deletion", {200: shown}, refusals=(404,)
            ),
        ),
        f"{one}/state": path(
            "directory_state",
            parameters=own,
            get=operation(
                "readState",
                TAG,
                "How it goes: people, last call, refusals",
                {200: answer("At this moment", ref("State"))},
                refusals=(404,),
            ),
        ),
        f"{one}/events": path(
            "directory_events",
            parameters=own,
            get=operation(
                "readEvents",
                TAG,
                "The provisioning log, newest first",
                {
                    200: answer(
                        "A page; `before` continues it",
                        thing({"events": array(ref("Event")), "before": nothing_or(text())}),
                    )
                },
                refusals=(400, 404),
                parameters=[
                    query("before", "Where the previous page ended"),
                    query(
                        "limit",
                        f"Lines, 1 to {MAX_LINES}; 50",
                        {"type": "integer", "minimum": 1, "maximum": MAX_LINES},
                    ),
                    query("person", "Only of this person: id, externalId or name"),
                    query("kind", "Only events of this kind", {"enum": list(KINDS)}),
                    query("refused", "1: only refused requests", {"enum": ["1", "true"]}),
                    query("text", "Only lines with this text"),
                ],
            ),
        ),
        f"{one}/trust": path(
            "directory_trust",
            parameters=own,
            get=operation(
                "readTrust", TAG, "The trusted identity", {200: _trust()}, refusals=(404,)
            ),
            put=operation(
                "setTrust",
                TAG,
                "Trust this identity's signed assertions in place of a secret",
                {200: _trust()},
                refusals=(400, 404, 413),
                takes=body(
                    ref("TrustBody"),
                    {
                        "tenant_id": "7f0c7c5e-8f5d-4a0e-9d6c-1d5f3a2b4c6d",
                        "subject": "0b3d4f6a-2c1e-4b7a-8f9d-5e6a7b8c9d0e",
                        "audiences": ["api://contoso"],
                    },
                ),
            ),
            delete=operation(
                "dropTrust",
                TAG,
                "Trust no identity any more",
                {204: {"description": "Done"}},
                refusals=(404,),
            ),
        ),
    }
    for sort, secret in (("tokens", "token"), ("secrets", "secret")):
        found |= _credentials(sort, secret)
    return found


def _trust() -> Json:
    return answer("The identity, or null", thing({"trust": nothing_or(ref("TrustBody"))}))


def _credentials(sort: str, secret: str) -> Json:
    one = f"/api/directories/{{directoryId}}/{sort}"
    name = "security token" if sort == "tokens" else "client secret"
    made = {
        "allOf": [ref("Credential"), thing({secret: text("Shown this once"), "client_id": text()})]
    }
    return {
        one: path(
            f"directory_{sort}",
            parameters=[ID],
            get=operation(
                f"list{sort.title()}",
                TAG,
                f"The {name}s, oldest first",
                {200: answer("Never the plain text", thing({sort: array(ref("Credential"))}))},
                refusals=(404,),
            ),
            post=operation(
                f"issue{secret.title()}",
                TAG,
                f"Issue a {name}, or with `overlap_hours` rotate the newest",
                {201: _tagged(answer("The plain text, this once", made))},
                refusals=(400, 404, 409, 412, 413),
                takes=body(
                    ref("IssueBody"), {"expires_in_days": 365, "overlap_hours": 24}, required=False
                ),
            ),
        ),
        f"{one}/{{credentialId}}": path(
            f"directory_{sort}_one",
            parameters=[ID, path_parameter("credentialId", f"The {name}'s id")],
            delete=operation(
                f"revoke{secret.title()}",
                TAG,
                f"Revoke a {name}: dead within 30 seconds",
                {204: {"description": "Done"}},
                refusals=(404, 412),
            ),
        ),
    }
