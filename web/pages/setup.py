"""Wizard, step 1: name, kind and default region."""

from typing import Any

from directories import service
from directories.directory import Directory, Kind
from directories.faults import BadField
from directories.service import NewDirectory
from shared.http import Response
from web.pages import connect, steps
from web.render import page
from web.visit import Visit
from web.wording import fault_text


async def new(visit: Visit) -> Response:
    """`/directories/new`"""
    form = {"name": "", "kind": "entra", "region": visit.settings.default_region}
    return _step(visit, None, form, {})


async def create(visit: Visit) -> Response:
    """Make the directory; the answer is step 2 with the token, which is shown in no other."""
    form = {name: visit.form.get(name, "") for name in ("name", "kind", "region")}
    kind: Kind = "other" if form["kind"] == "other" else "entra"
    if form["kind"] != kind:
        return _step(visit, None, form, {"kind": visit.t("fault_kind")}, 422)
    try:
        wanted = NewDirectory(form["name"], kind, form["region"])
        directory, token = await service.create(visit.services, visit.account, wanted)
    except BadField as fault:
        return _step(visit, None, form, {fault.field: fault_text(visit, fault)}, 422)
    return await connect.step(visit, directory, token)


async def edit(visit: Visit) -> Response:
    """Step 1 of a directory that exists."""
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    form = {"name": directory.name, "kind": directory.kind, "region": directory.region}
    return _step(visit, directory, form, {})


async def save(visit: Visit) -> Response:
    """Take name and region; its kind a directory keeps."""
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    form = {"name": visit.form.get("name", ""), "kind": directory.kind, "region": visit.form.get("region", "")}
    try:
        await service.set_up(visit.services, visit.account, directory.id, name=form["name"], region=form["region"])
    except BadField as fault:
        return _step(visit, directory, form, {fault.field: fault_text(visit, fault)}, 422)
    return visit.go(f"/directories/{directory.id}/connect")


def _step(
    visit: Visit, directory: Directory | None, form: dict[str, str], faults: dict[str, str], status: int = 200
) -> Response:
    values: dict[str, Any] = {"directory": directory, "form": form, "faults": faults, "regions": _regions()}
    action = f"/directories/{directory.id}/setup" if directory else "/directories/new"
    links = steps.links(directory) if directory else None
    return page(visit, "setup.html", status=status, action=action, links=links, **values)


def _regions() -> list[tuple[str, int]]:
    """Regions with phone numbers and their calling codes."""
    from phonenumbers import SUPPORTED_REGIONS, country_code_for_region

    return [(region, country_code_for_region(region)) for region in sorted(SUPPORTED_REGIONS)]
