"""Wizard, step 1: name, kind and default region."""

from typing import Any, get_args

from directories import kind_change, service, store, tokens
from directories.errors import InvalidField, NotThere, TooManyDirectories
from directories.models import Directory, Kind
from directories.service import NewDirectory
from shared.http import Response
from web.page_request import PageRequest, here
from web.pages import wizard_scim, wizard_steps
from web.render import page
from web.translations import fault_text


async def new(visit: PageRequest) -> Response:
    """Show `/directories/new?once=…`, the form that creates a directory; `once` is a random ID of the form.

    If a form with this ID has already created a directory (the user went Back, or sent the form twice),
    redirect to that directory.
    """
    once = visit.query.get("once", "")
    made = await store.get(visit.app.tables, _id_of(visit, once)) if once else None
    if made and made.is_active:
        return visit.go(f"/directories/{made.id}/setup")
    if made or not once:
        return visit.go(f"/directories/new?once={tokens.new_short_id()}")
    form = {"name": "", "kind": "entra", "region": visit.settings.default_region}
    return await _step(visit, None, form, {})


async def create(visit: PageRequest) -> Response:
    """Create the directory, and show step 2 with the token; only this response contains the token."""
    form = {name: visit.form.get(name, "") for name in ("name", "kind", "region")}
    kind: Kind = "other" if form["kind"] == "other" else "entra"
    if form["kind"] != kind:
        return await _step(visit, None, form, {"kind": visit.t("kind_missing")}, 422)
    once = visit.query.get("once", "")
    wanted = NewDirectory(
        form["name"], kind=kind, region=form["region"], id=_id_of(visit, once) if once else ""
    )
    try:
        directory, token = await service.create(visit.app, visit.actor, wanted)
    except InvalidField as fault:
        if fault.field == "id":
            return await _made_before(visit, wanted.id)
        return await _step(visit, None, form, {fault.field: fault_text(visit, fault)}, 422)
    except TooManyDirectories as fault:
        return await _step(visit, None, form, {"name": visit.text(fault.message)}, 409)
    return await wizard_scim.step(visit, directory, token)


async def _made_before(visit: PageRequest, directory_id: str) -> Response:
    """Store the submitted values in the directory that an earlier submission of the same form created.

    That happens if the first response was lost, or if the user went Back and changed the values.
    """
    try:
        directory = await service.read(visit.app, visit.account, directory_id)
    except NotThere:  # it was deleted after the first submission
        return visit.go("/directories/new")
    return await _save(visit, directory)


def _id_of(visit: PageRequest, once: str) -> str:
    """Return the ID of the directory that a form creates, derived from the form's field `once` and the user.

    The user is included, so that a link on another site can't choose the ID.
    """
    assert visit.person is not None
    return tokens.short_id_of(visit.account, visit.person.object_id, once, length=20)


async def edit(visit: PageRequest) -> Response:
    """Show step 1 of an existing directory."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    form = {"name": directory.name, "kind": directory.kind, "region": directory.region}
    return await _again(visit, directory, form, {})


async def save(visit: PageRequest) -> Response:
    """Store name and region, and also the kind if nothing has been provisioned."""
    return await _save(visit, await service.read(visit.app, visit.account, visit.directory_id))


async def _save(visit: PageRequest, directory: Directory) -> Response:
    kind = visit.form.get("kind", directory.kind)
    form = {
        "name": visit.form.get("name", ""),
        "kind": kind,
        "region": visit.form.get("region", ""),
    }
    changed = {"kind": kind, "setup": "connect"} if kind != directory.kind else {}
    if kind not in get_args(Kind):
        return await _again(visit, directory, form, {"kind": visit.t("kind_missing")}, 422)
    try:
        await service.set_up(
            visit.app,
            visit.actor,
            directory.id,
            name=form["name"],
            region=form["region"],
            **changed,
        )
    except InvalidField as fault:
        faults = {fault.field: fault_text(visit, fault)}
        return await _again(visit, directory, form, faults, 422)
    return visit.go(f"/directories/{directory.id}/connect")


async def _again(
    visit: PageRequest,
    directory: Directory,
    form: dict[str, str],
    faults: dict[str, str],
    status: int = 200,
) -> Response:
    """Show step 1 of an existing directory; its kind can be changed if nothing has been provisioned."""
    fixed = await kind_change.why_fixed(visit.app, directory.id)
    if fixed is not None:
        form = {**form, "kind": directory.kind}
    return await _step(visit, directory, form, faults, status, visit.text(fixed))


async def _step(
    visit: PageRequest,
    directory: Directory | None,
    form: dict[str, str],
    faults: dict[str, str],
    status: int = 200,
    kind_fixed: str = "",
) -> Response:
    values: dict[str, Any] = {
        "directory": directory,
        "form": form,
        "faults": faults,
        "kind_fixed": kind_fixed,
        "regions": _regions(),
    }
    action = f"/directories/{directory.id}/setup" if directory else here(visit.request)
    links = wizard_steps.links(directory) if directory else None
    values["done"] = await wizard_steps.done(visit, directory) if directory else set()
    return page(visit, "setup.html", status=status, action=action, links=links, **values)


def _regions() -> list[tuple[str, int]]:
    """Return the regions that have phone numbers, with their calling codes."""
    from phonenumbers import SUPPORTED_REGIONS, country_code_for_region

    return [(region, country_code_for_region(region)) for region in sorted(SUPPORTED_REGIONS)]
