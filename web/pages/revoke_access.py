"""Remove access to Azure: the first step here, and the check of the second one in the company's Entra ID."""

from directories import service
from presence.consent import service as consents
from shared.http import Response
from web.page_request import PageRequest
from web.pages import wizard_presence
from web.render import dialog, page


async def ask_to_remove(visit: PageRequest) -> Response:
    """Show the dialog that lists the access to be removed."""
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    return dialog(visit, "remove.html", directory=directory)


async def remove(visit: PageRequest) -> Response:
    """Drop tokens and presence at once; the answer shows the second step."""
    assert visit.person is not None
    await consents.remove(visit.app, visit.actor, visit.directory_id)
    directory = await service.set_up(visit.app, visit.actor, visit.directory_id, presence="off")
    return await wizard_presence.step(visit, directory)


async def check_gone(visit: PageRequest) -> Response:
    """Return whether the company has deleted the application."""
    assert visit.person is not None
    directory = await service.read(visit.app, visit.account, visit.directory_id)
    checked = await consents.check_gone(visit.app, visit.actor, directory.id)
    gone = {"tone": "good" if checked.gone else "warn", "words": visit.text(checked.message)}
    return page(visit, "gone.html", directory=directory, gone=gone)
