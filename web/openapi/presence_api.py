"""Presence of a directory: the connection to the company's tenant, and what can be done with it."""

from presence.api import ACTIONS
from web.openapi.directories_api import ID
from web.openapi.parts import Json, answer, body, nothing_or, operation, path, ref, text, thing

TAG = "Presence"


def schemas() -> Json:
    """What is answered."""
    removal = thing({name: text() for name in ("tenantId", "portal", "az", "powershell")})
    words: Json = {
        name: text()
        for name in ("tone", "title", "sentence", "remedy", "reason", "tenantId", "impossible")
    }
    states = {"enum": ["none", "propagating", "waiting", "active", "troubled", "lost", "removed"]}
    rest = {
        "since": nothing_or(text(format="date-time")),
        "moving": {"type": "boolean"},
        "health": {"type": "object"},
    }
    return {
        "Connection": thing({"state": states, **words, **rest}, {"removal": nothing_or(removal)}),
        "PresenceAction": thing({"action": {"enum": list(ACTIONS)}}),
    }


def paths() -> Json:
    """`/api/directories/{directoryId}/presence`."""
    location = thing({"location": text("Where to send the browser", format="uri")})
    gone = thing({"gone": {"type": "boolean"}, "sentence": text()})
    return {
        "/api/directories/{directoryId}/presence": path(
            "presence_connection",
            parameters=[ID],
            get=operation(
                "readConnection",
                TAG,
                "The connection, its state with sentence and remedy",
                {200: answer("As it is stored", ref("Connection"))},
                refusals=(404,),
            ),
            post=operation(
                "actOnConnection",
                TAG,
                "Connect, check, retry, remove access, check that it is gone",
                {
                    200: answer("By action", {"anyOf": [location, ref("Connection"), gone]}),
                    303: {"description": "`connect` from a form: on to Microsoft"},
                },
                refusals=(400, 404, 409, 413),
                takes=body(ref("PresenceAction"), {"action": "check"}),
            ),
        )
    }
