"""Remove access to Azure: the first step here, and the check of the second one in the company's Entra ID."""

from directories import service
from presence.consent import wizard
from shared.http import Response
from web.pages import presence_step
from web.render import dialog, page
from web.visit import Visit


async def ask_to_remove(visit: Visit) -> Response:
    """The dialog that says what goes."""
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    return dialog(visit, "remove.html", directory=directory)


async def remove(visit: Visit) -> Response:
    """Drop tokens and presence at once; the answer shows the second step."""
    assert visit.person is not None
    await wizard.remove(visit.services, visit.person, visit.directory_id)
    directory = await service.set_up(visit.services, visit.account, visit.directory_id, presence="off")
    return await presence_step.step(visit, directory)


async def check_gone(visit: Visit) -> Response:
    """Whether the company has deleted the application."""
    assert visit.person is not None
    directory = await service.read(visit.services, visit.account, visit.directory_id)
    is_gone, code, sentence = await wizard.check_gone(visit.services, visit.person, directory.id)
    gone = {"tone": "good" if is_gone else "warn", "words": visit.known(f"removal_{code}", sentence)}
    return page(visit, "gone.html", directory=directory, gone=gone)
