"""A directory's overview page: its status, presence, settings and exports."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contacts import csv_export, unparsed_numbers, vcard_export
from directories import reindex_progress, service, status
from directories.models import Directory
from presence.consent import service as consents
from presence.consent.status import Connection
from shared.http import Response
from shared.messages import group_thousands
from web.page_request import PageRequest, trigger
from web.pages import readers, wizard_scim
from web.pages.alerts import problems_of
from web.pages.connection_view import view
from web.render import page
from web.text_families import HEALTH

_MAX_COUNTED = 999


_SEPARATOR = {"de": "semicolon"}


@dataclass(frozen=True, slots=True)
class ExportLink:
    """A link that exports people in one format; `form` is the format's member of the message codes `EXPORT`.

    `is_usual` marks the formats that are shown first.
    """

    href: str
    extension: str
    form: str
    is_usual: bool = False


async def show(visit: PageRequest) -> Response:
    """Show `/directories/{directoryId}`."""
    assert visit.person is not None
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    glance, reindex, connection, frame = await asyncio.gather(
        status.glance(visit.app, directory, last_refusal=False),
        reindex_progress.status(visit.app, directory.id),
        consents.read(visit.app, visit.person, directory.id),
        framed(visit, directory, "overview"),
    )
    figures = {
        "people": glance.totals.users,
        "active": glance.totals.active,
        "groups": glance.totals.groups,
        "refused": glance.quarantine.failures,
        "last_call": glance.last_call,
        "presence_as_of": connection.health.get("lastSync") or "",
        "presence_words": visit.t(
            "presence_off" if directory.presence == "off" else "presence_undecided"
        )
        if connection.state in ("none", "removed")
        else visit.t("not_yet"),
    }
    found = problems_of(visit, directory, glance, connection)
    values: dict[str, Any] = {
        "figures": figures,
        "problems": found,
        "next_steps": await wizard_scim.next_steps(visit, directory)
        if glance.stage != "provisioning"
        else None,
        "exports": _exports(visit, directory),
        "readers": readers.summary(visit, directory),
        **frame,
    }
    return page(
        visit,
        "directory.html",
        connection=view(visit, connection, directory),
        health=_health(visit, connection),
        reindex=reindex,
        **values,
    )


def _exports(visit: PageRequest, directory: Directory) -> list[ExportLink]:
    """Return the export links of all formats, the two usual ones first.

    The usual CSV has the separator that Excel expects in the user's language.
    """
    usual = _SEPARATOR.get(visit.language, "comma")
    separators = [usual, *(one for one in csv_export.SEPARATORS if one != usual)]
    address = f"/api/directories/{directory.id}/export?limit=2000&format="
    csv = [ExportLink(f"{address}csv&separator={one}", "csv", f"csv_{one}") for one in separators]
    vcard = [
        ExportLink(f"{address}vcard&version={one}", "vcf", f"vcard_{one[0]}")
        for one in vcard_export.VERSIONS
    ]
    csv[0] = replace(csv[0], form="csv", is_usual=True)
    vcard[0] = replace(vcard[0], form="vcard", is_usual=True)
    return [csv[0], vcard[0], *csv[1:], *vcard[1:]]


async def set_strict(visit: PageRequest) -> Response:
    """Store whether SCIM requests with a number that can't be parsed are refused."""
    strict = visit.form.get("strict") == "1"
    await service.set_up(visit.app, visit.actor, visit.directory_id, strict_numbers=strict)
    if not visit.is_partial:
        return visit.go(f"/directories/{visit.directory_id}")
    return Response(204, headers=trigger("", visit.t("saved")))


async def framed(visit: PageRequest, directory: Directory, tab: str) -> dict[str, Any]:
    """Return the template values that every page of a directory needs.

    The keys are "directory", "tab" (the current tab) and "unparsed" (as text, how many people have
    numbers that can't be parsed; "" for none, "999+" for more than 999).
    """
    count = await unparsed_numbers.count_unparsed(visit.app, directory, _MAX_COUNTED)
    unparsed = f"{_MAX_COUNTED}+" if count > _MAX_COUNTED else str(count) if count else ""
    return {"directory": directory, "tab": tab, "unparsed": unparsed}


def _health(visit: PageRequest, connection: Connection) -> list[tuple[str, str | datetime, str]]:
    """Return the health figures of presence, each as label, value, and format ("time" or "")."""
    figures: Mapping[str, Any] = connection.health
    if not figures:
        return []
    names = (
        ("people", "people"),
        ("unknown", "unknown"),
        ("quarantined", "quarantined"),
        ("not_ids", "withoutObjectId"),
        ("calls", "callsTotal"),
        ("throttled", "throttledTotal"),
    )
    counts = [
        (visit.t(HEALTH.code(key)), group_thousands(figures[name], visit.language), "")
        for key, name in names
    ]
    took = (
        visit.t("health_took"),
        f"{group_thousands(figures['milliseconds'], visit.language)} ms",
        "",
    )
    if not figures["lastSync"]:
        return [*counts, took]
    return [(visit.t("health_last_sync"), figures["lastSync"], "time"), *counts, took]
