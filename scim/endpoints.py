"""All functions of the SCIM service provider."""

import azure.functions as func

from directories.hooks import MaintenanceJobs
from scim import base_url_hint, resource_endpoints
from scim.bulk import endpoints as bulk
from scim.discovery import endpoints as discovery
from scim.dispatch import Edge
from scim.oauth import endpoints as sign_in
from shared.app import App


def blueprint(app: App) -> func.Blueprint:
    """Return the functions under `/scim/`."""
    functions, edge = func.Blueprint(), Edge(app)
    for feature in (resource_endpoints, bulk, discovery):
        feature.register(functions, edge)
    sign_in.register(functions, app)
    base_url_hint.register(functions, app)
    app.state(MaintenanceJobs).jobs.append(_reindex)
    app.state(MaintenanceJobs).tidying += [_tidy_lists, _tidy_inspector]
    return functions


async def _reindex(app: App, deadline: float) -> None:
    from scim import reindex

    await reindex.run(app, deadline)


async def _tidy_inspector(app: App, directory_id: str) -> None:
    from directories import inspector

    await inspector.tidy(app, directory_id)


async def _tidy_lists(app: App, directory_id: str) -> None:
    from scim import page_starts

    await page_starts.trim(app, directory_id)
