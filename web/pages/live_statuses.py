"""Statuses of a few people as JSON, for the parts of an open page that a script keeps up to date.

These are stand-ins, the reporting line, and people whom the agent wants to be told about.
"""

from contacts import account_directories
from directories.models import Directory
from presence.service import Status, statuses
from shared.concurrency import each
from shared.http import Response, json_response
from web.page_request import PageRequest
from web.pages.contact_rows import is_object_id, presence_view

_MAX_PEOPLE = 100


async def show(visit: PageRequest) -> Response:
    """Return state, words and readiness by key, for a comma-separated list of `key~object id`.

    Microsoft is asked for those older than ten seconds. At most one round trip per directory.
    """
    parts = [part.partition("~") for part in visit.form.get("of", "").split(",")[:_MAX_PEOPLE]]
    asked = {key: object_id for key, _, object_id in parts if is_object_id(object_id)}
    directories = await account_directories.all_directories(visit.app, visit.reader)
    own = [one for one in directories if any(key.startswith(f"{one.id}.") for key in asked)]

    async def of(directory: Directory) -> dict[str, Status]:
        ids = [one for key, one in asked.items() if key.startswith(f"{directory.id}.")]
        return await statuses(visit.app, directory.id, ids, on_demand=True)

    found = dict(zip([one.id for one in own], await each(own, of), strict=True))
    now, shown = visit.app.clock.now(), dict[str, dict[str, object]]()
    for key, object_id in asked.items():
        status = found.get(key.partition(".")[0], {}).get(object_id)
        if status is None:
            continue
        view = presence_view(visit, key, status)
        is_free = view.readiness == "free" and status.is_confirmed(now)
        shown[key] = {
            "state": view.state.lower(),
            "words": view.words,
            "stale": view.stale,
            "free": is_free,
        }
    return json_response(shown, headers={"Cache-Control": "no-store"})
