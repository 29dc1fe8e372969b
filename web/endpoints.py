"""The functions of the pages. Their templates overlap with none, since the host knows no precedence among routes.

The pages are imported with the first one that is asked for: a cold start for a SCIM call has no use for them.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from presence.names import CALLBACK
from shared.functions import add_http, by_method
from shared.later import Later
from shared.services import Services
from web import static_files
from web.openapi.endpoints import serve as serve_description
from web.site import admin, agent

if TYPE_CHECKING:
    from web import routes
else:
    routes = Later("web.routes")


def blueprint(services: Services) -> func.Blueprint:
    """Pages for administrators (`/`, `/directories/…`), for agents (`/contacts…`), and their files."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    add_http(functions, "page_home", "/", admin(services, routes.of_home))
    add_http(functions, "page_directory", "directories/{directoryId}/{page?}", admin(services, routes.of_directory))
    add_http(functions, "page_contacts", "contacts/{part?}", agent(services, routes.of_contacts))
    add_http(functions, "page_directories", "directories", admin(services, routes.of_list))
    add_http(functions, "page_sign_in_callback", CALLBACK.lstrip("/"), admin(services, routes.of_way_back))
    add_http(functions, "api_description", "api/openapi.json", by_method(GET=serve_description))
    add_http(functions, "page_static", "static/{name}", by_method(GET=static_files.serve))
    return functions
