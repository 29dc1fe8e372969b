"""Calls to a base URL without its `/v2`: the commonest slip when it is copied by hand, answered with what helps.

The call is authenticated first, so strangers learn nothing, and noted in the provisioning log: the administrator who
waits for the first call sees why it does not come.
"""

import azure.functions as func

from directories import provisioning_log, rate
from directories.authenticate import authenticate
from scim.core.errors import ScimError
from scim.http import scim_failure
from shared.functions import add_http
from shared.http import Request, Response
from shared.sentences import Sentence
from shared.services import Services

_COLLECTIONS = ("Users", "Groups")


def register(blueprint: func.Blueprint, services: Services) -> None:
    """Register the addresses that a provisioning client tries first."""

    async def refuse(request: Request) -> Response:
        directory = await authenticate(services, request.route["directoryId"], request.headers.get("authorization"))
        rate.take(services, directory.id)
        detail = Sentence(
            "wrong_base",
            "The base URL (tenant URL) lacks /v2 at its end. Copy the whole base URL from the directory's page into"
            " your provisioning settings.",
        )
        await provisioning_log.refused(services, directory.id, request.method, 404, "", detail)
        raise ScimError(404, detail)

    for collection in _COLLECTIONS:
        add_http(blueprint, f"scim_wrong_base_{collection}", f"scim/{{directoryId}}/{collection}", refuse, scim_failure)
