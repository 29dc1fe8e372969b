"""The dialog that limits which agents see a directory, by app roles and groups."""

from directories import service
from directories.errors import InvalidField
from directories.models import Directory, Readers
from shared.http import Response
from web.page_request import PageRequest
from web.render import dialog
from web.translations import fault_text


async def ask(visit: PageRequest) -> Response:
    """Show the dialog with the present limits."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    named = directory.readers or Readers()
    values = {"roles": "\n".join(named.roles), "groups": "\n".join(named.groups)}
    return _dialog(visit, directory, values, {}, is_limited=directory.readers is not None)


async def save(visit: PageRequest) -> Response:
    """Store the submitted limits, or show the dialog again with their fault."""
    is_limited = visit.form.get("who") == "some"
    values = {name: visit.form.get(name, "") for name in ("roles", "groups")}
    wanted = {name: text.replace(",", " ").split() for name, text in values.items()}
    try:
        await service.set_up(
            visit.app,
            visit.actor,
            visit.directory_id,
            readers=wanted if is_limited else None,
        )
    except InvalidField as fault:
        directory = await service.read(visit.app, visit.account, visit.directory_id)
        faults = {fault.field: fault_text(visit, fault)}
        return _dialog(visit, directory, values, faults, is_limited=True)
    return visit.go(f"/directories/{visit.directory_id}", visit.t("saved"))


def summary(visit: PageRequest, directory: Directory) -> str:
    """Return a short text about who sees the directory."""
    readers = directory.readers
    if readers is None:
        return visit.t("readers_all")
    parts = [
        visit.counted("readers_roles_count", len(readers.roles)) if readers.roles else "",
        visit.counted("readers_groups_count", len(readers.groups)) if readers.groups else "",
    ]
    return visit.t("readers_some", who=", ".join(part for part in parts if part))


def _dialog(
    visit: PageRequest,
    directory: Directory,
    values: dict[str, str],
    faults: dict[str, str],
    *,
    is_limited: bool,
) -> Response:
    return dialog(
        visit,
        "readers.html",
        status=422 if faults else 200,
        directory=directory,
        values=values,
        faults=faults,
        limited=is_limited,
        # Whether the app registration makes Entra send groups shows in the administrator's token.
        sends_groups=bool(visit.reader.groups) or not visit.reader.has_all_groups,
    )
