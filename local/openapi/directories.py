"""The operations of the directories API, for the OpenAPI description."""

from typing import get_args

from directories.api import LISTED_STATES, MAX_CSV_LINES, MAX_LINES, MAX_LISTED
from directories.audit_api import MAX_CSV_EVENTS, MAX_EVENTS
from directories.audit_codes import ACT_KINDS
from directories.event_types import KINDS
from directories.models import ID_PATTERN, Kind
from directories.request_models import (
    ChangeBody,
    IssueBody,
    NewDirectoryBody,
    SetupLinkBody,
    TrustBody,
)
from directories.response_models import (
    AuditEventPage,
    Deletion,
    DirectoryDetails,
    DirectoryList,
    DirectoryState,
    EventPage,
    Inspection,
    IssuedSecret,
    IssuedToken,
    NewSetupLink,
    SecretList,
    SetupLinkList,
    TokenList,
    TrustAnswer,
)
from directories.selection import SORTS
from shared.api_contract import CURSOR, IF_MATCH, Operation, Parameter, SuccessResponse, limit

DIRECTORY_ID = Parameter(
    "directoryId",
    "The directory.",
    {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
    location="path",
)
_ONE = "/api/directories/{directoryId}"
_CREDENTIAL_ID = Parameter("credentialId", "The token's or secret's ID.", location="path")
_VERSION = {"ETag": "The version of the directory."}
_DETAILS = SuccessResponse("The directory.", DirectoryDetails, headers=_VERSION)
_NEW_CREDENTIAL = {"expiresInDays": 365, "overlapHours": 24}
_OWN = (DIRECTORY_ID,)
FORMAT = Parameter(
    "format",
    "JSON, or CSV with `Link: …; rel=next` to its next part.",
    {"type": "string", "enum": ["json", "csv"], "default": "json"},
)
_AUDIT_FILTER = (
    CURSOR,
    Parameter("limit", f"Events per page: 1 to {MAX_EVENTS}, as CSV to {MAX_CSV_EVENTS}."),
    Parameter("act", f"Only this act, or acts of a kind: {', '.join(ACT_KINDS)}."),
    Parameter("actor", "Only acts of this actor: object ID, or part of the name."),
    Parameter("since", "Only acts at or after this RFC 3339 time or date (UTC)."),
    Parameter("until", "Only acts before this RFC 3339 time or date (UTC)."),
    FORMAT,
)
_AUDIT_PAGE = SuccessResponse(
    "A page.", AuditEventPage, media_types=("application/json", "text/csv")
)


def _issue(function: str, name: str, what: str, model: type) -> Operation:
    return Operation(
        function=function,
        method="post",
        path=f"{_ONE}/{function.removeprefix('directory_')}",
        name=name,
        summary=f"Issue a {what}, or replace the one that `replaces` names; no other one ends",
        parameters=_OWN,
        body=IssueBody,
        example=_NEW_CREDENTIAL,
        is_body_optional=True,
        responses={
            201: SuccessResponse("With its plain text, this once.", model, headers=_VERSION)
        },
        refusals=(400, 404, 409, 412, 413),
    )


def _revoke(function: str, name: str, what: str) -> Operation:
    kind = function.removeprefix("directory_").removesuffix("_one")
    return Operation(
        function=function,
        method="delete",
        path=f"{_ONE}/{kind}/{{credentialId}}",
        name=name,
        summary=f"Revoke a {what}; calls with it are refused within 30 seconds",
        parameters=(DIRECTORY_ID, _CREDENTIAL_ID),
        responses={204: SuccessResponse("Revoked.")},
        refusals=(404, 412),
    )


OPERATIONS = (
    Operation(
        function="directories",
        method="get",
        path="/api/directories",
        name="listDirectories",
        summary="List the account's directories",
        parameters=(
            Parameter("q", "Only directories with these words in their names."),
            Parameter(
                "state",
                "Only directories in this state.",
                {"type": "string", "enum": list(LISTED_STATES)},
            ),
            Parameter(
                "kind",
                "Only directories of this kind.",
                {"type": "string", "enum": list(get_args(Kind))},
            ),
            Parameter(
                "sort",
                "The order: `attention` begins with problems, `lastCall` with the longest silence.",
                {"type": "string", "enum": list(SORTS), "default": "created"},
            ),
            limit(MAX_LISTED, MAX_LISTED),
            CURSOR,
            Parameter("deleted", "With any value: also those that can still be restored."),
        ),
        responses={
            200: SuccessResponse("A page, by default in the order of creation.", DirectoryList)
        },
        refusals=(400,),
    ),
    Operation(
        function="directories",
        method="post",
        path="/api/directories",
        name="createDirectory",
        summary="Create a directory; its security token is in this answer only",
        body=NewDirectoryBody,
        example={"name": "Contoso", "kind": "entra", "region": "DE"},
        responses={201: SuccessResponse("The new directory.", DirectoryDetails, headers=_VERSION)},
        refusals=(400, 413),
    ),
    Operation(
        function="directory",
        method="get",
        path=_ONE,
        name="readDirectory",
        summary="Read a directory with its credentials",
        parameters=_OWN,
        responses={200: _DETAILS},
        refusals=(404,),
    ),
    Operation(
        function="directory",
        method="patch",
        path=_ONE,
        name="changeDirectory",
        summary="Change the members that are sent",
        parameters=(DIRECTORY_ID, IF_MATCH),
        body=ChangeBody,
        example={"name": "Contoso Ltd"},
        responses={200: _DETAILS},
        refusals=(400, 404, 412, 413),
    ),
    Operation(
        function="directory",
        method="delete",
        path=_ONE,
        name="deleteDirectory",
        summary="Delete a directory with its people; it can be restored for ten minutes",
        parameters=(DIRECTORY_ID, IF_MATCH),
        responses={
            202: SuccessResponse("Hidden at once, and its credentials are refused.", Deletion)
        },
        refusals=(404, 412),
    ),
    Operation(
        function="directory_restore",
        method="post",
        path=f"{_ONE}/restore",
        name="restoreDirectory",
        summary="Undo a deletion",
        parameters=_OWN,
        responses={200: _DETAILS},
        refusals=(404,),
    ),
    Operation(
        function="directory_state",
        method="get",
        path=f"{_ONE}/state",
        name="readState",
        summary="Read a directory's state: people, last call, refused requests",
        parameters=_OWN,
        responses={200: SuccessResponse("The state at this moment.", DirectoryState)},
        refusals=(404,),
    ),
    Operation(
        function="directory_events",
        method="get",
        path=f"{_ONE}/events",
        name="readEvents",
        summary="Read the provisioning log, newest first",
        parameters=(
            DIRECTORY_ID,
            CURSOR,
            Parameter("limit", f"Lines per page: 1 to {MAX_LINES}, as CSV to {MAX_CSV_LINES}."),
            FORMAT,
            Parameter("person", "Only events of this person: ID, externalId or name."),
            Parameter("kind", "Only events of this kind.", {"type": "string", "enum": list(KINDS)}),
            Parameter(
                "refused",
                "With 1: only refused requests.",
                {"type": "string", "enum": ["1", "true"]},
            ),
            Parameter("text", "Only events with this text."),
        ),
        responses={
            200: SuccessResponse("A page.", EventPage, media_types=("application/json", "text/csv"))
        },
        refusals=(400, 404),
    ),
    Operation(
        function="directory_inspector",
        method="get",
        path=f"{_ONE}/inspector",
        name="readInspector",
        summary="Read the requests that the request inspector recorded",
        parameters=_OWN,
        responses={200: SuccessResponse("Requests without values.", Inspection)},
        refusals=(404,),
    ),
    Operation(
        function="directory_inspector",
        method="put",
        path=f"{_ONE}/inspector",
        name="startInspector",
        summary="Record the client's requests for an hour, without values",
        parameters=_OWN,
        responses={200: SuccessResponse("It is on.", Inspection)},
        refusals=(404, 412),
    ),
    Operation(
        function="directory_inspector",
        method="delete",
        path=f"{_ONE}/inspector",
        name="stopInspector",
        summary="End the recording; the recorded requests stay for a day",
        parameters=_OWN,
        responses={204: SuccessResponse("It is off.")},
        refusals=(404, 412),
    ),
    Operation(
        function="audit",
        method="get",
        path="/api/audit",
        name="readAccountAudit",
        summary="Read the audit log of the account, newest first",
        text="It has the acts on all directories, deleted ones too.",
        parameters=(
            *_AUDIT_FILTER,
            Parameter("directory", "Only acts on the directory with this ID."),
        ),
        responses={200: _AUDIT_PAGE},
        refusals=(400,),
    ),
    Operation(
        function="directory_audit",
        method="get",
        path=f"{_ONE}/audit",
        name="readAudit",
        summary="Read the audit log of a directory, newest first",
        parameters=(DIRECTORY_ID, *_AUDIT_FILTER),
        responses={200: _AUDIT_PAGE},
        refusals=(400, 404),
    ),
    Operation(
        function="directory_trust",
        method="get",
        path=f"{_ONE}/trust",
        name="readTrust",
        summary="Read the trusted identity",
        parameters=_OWN,
        responses={200: SuccessResponse("The identity, or null.", TrustAnswer, headers=_VERSION)},
        refusals=(404,),
    ),
    Operation(
        function="directory_trust",
        method="put",
        path=f"{_ONE}/trust",
        name="setTrust",
        summary="Accept signed assertions of this identity instead of a secret",
        parameters=_OWN,
        body=TrustBody,
        example={
            "tenantId": "7f0c7c5e-8f5d-4a0e-9d6c-1d5f3a2b4c6d",
            "subject": "0b3d4f6a-2c1e-4b7a-8f9d-5e6a7b8c9d0e",
            "audiences": ["api://contoso"],
        },
        responses={200: SuccessResponse("The identity.", TrustAnswer, headers=_VERSION)},
        refusals=(400, 404, 413),
    ),
    Operation(
        function="directory_trust",
        method="delete",
        path=f"{_ONE}/trust",
        name="dropTrust",
        summary="Trust no identity",
        parameters=_OWN,
        responses={204: SuccessResponse("Removed.")},
        refusals=(404,),
    ),
    Operation(
        function="directory_tokens",
        method="get",
        path=f"{_ONE}/tokens",
        name="listTokens",
        summary="List the security tokens",
        parameters=_OWN,
        responses={200: SuccessResponse("Never the plain text.", TokenList, headers=_VERSION)},
        refusals=(404,),
    ),
    _issue("directory_tokens", "issueToken", "security token", IssuedToken),
    _revoke("directory_tokens_one", "revokeToken", "security token"),
    Operation(
        function="directory_secrets",
        method="get",
        path=f"{_ONE}/secrets",
        name="listSecrets",
        summary="List the client secrets",
        parameters=_OWN,
        responses={200: SuccessResponse("Never the plain text.", SecretList, headers=_VERSION)},
        refusals=(404,),
    ),
    _issue("directory_secrets", "issueSecret", "client secret", IssuedSecret),
    _revoke("directory_secrets_one", "revokeSecret", "client secret"),
    Operation(
        function="directory_links",
        method="get",
        path=f"{_ONE}/links",
        name="listSetupLinks",
        summary="List the directory's set-up links with their progress",
        parameters=_OWN,
        responses={200: SuccessResponse("The newest first.", SetupLinkList)},
        refusals=(404,),
    ),
    Operation(
        function="directory_links",
        method="post",
        path=f"{_ONE}/links",
        name="createSetupLink",
        summary="Create a link by which the company's administrator sets the directory up",
        text="The link works once, in one browser, for 72 hours. At most five can be used at a time."
        " With the purpose `sign-in` it is for the sign-in at Microsoft alone, which connects presence.",
        parameters=_OWN,
        body=SetupLinkBody,
        example={"purpose": "sign-in"},
        responses={201: SuccessResponse("With its address, this once.", NewSetupLink)},
        refusals=(400, 404, 409, 413),
    ),
    Operation(
        function="directory_links_one",
        method="delete",
        path=f"{_ONE}/links/{{linkId}}",
        name="revokeSetupLink",
        summary="Revoke a set-up link; it stops working at once",
        parameters=(DIRECTORY_ID, Parameter("linkId", "The link's ID.", location="path")),
        responses={204: SuccessResponse("Revoked, or ended before.")},
        refusals=(404,),
    ),
)
