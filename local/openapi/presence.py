"""The operations of the presence API, for the OpenAPI description."""

from local.openapi.directories import DIRECTORY_ID
from presence.response_models import (
    ConnectionChecked,
    PresenceAction,
    PresenceStatus,
    RemovalChecked,
    SignInStarted,
)
from shared.api_contract import Operation, SuccessResponse

_PATH = "/api/directories/{directoryId}/presence"

OPERATIONS = (
    Operation(
        function="presence_connection",
        method="get",
        path=_PATH,
        name="readConnection",
        summary="Read the connection to the company's presence, with sentence and remedy",
        parameters=(DIRECTORY_ID,),
        responses={200: SuccessResponse("The connection as stored.", PresenceStatus)},
        refusals=(404,),
    ),
    Operation(
        function="presence_connection",
        method="post",
        path=_PATH,
        name="actOnConnection",
        summary="Connect, check, retry, remove access, or check that access is gone",
        parameters=(DIRECTORY_ID,),
        body=PresenceAction,
        example={"action": "check"},
        responses={
            200: SuccessResponse(
                "The result; `action` tells the answers apart.",
                union=(SignInStarted, ConnectionChecked, RemovalChecked),
            ),
            303: SuccessResponse("After `connect` from a form: on to Microsoft."),
        },
        refusals=(400, 404, 409, 413),
    ),
)
