"""The functions of the pages. Their templates overlap with none, since the host knows no precedence among routes.

The pages are imported with the first one that is asked for: a cold start for a SCIM call has no use for them.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from presence.constants import CALLBACK
from shared.app import App
from shared.azure_functions import method_dispatcher, register_http
from shared.later import Later
from web import security_txt, static_files
from web.handlers import admin, agent
from web.openapi.endpoints import serve as serve_description

if TYPE_CHECKING:
    from web import routes
else:
    routes = Later("web.routes")


def blueprint(app: App) -> func.Blueprint:
    """Pages for administrators (`/`, `/directories/…`), for agents (`/contacts…`), and their files."""
    functions = func.Blueprint()  # type: ignore[no-untyped-call, unused-ignore]
    register_http(functions, "page_home", "/", admin(app, routes.of_home))
    register_http(
        functions,
        "page_directory",
        "directories/{directoryId}/{page?}",
        admin(app, routes.of_directory),
    )
    register_http(functions, "page_contacts", "contacts/{part?}", agent(app, routes.of_contacts))
    register_http(functions, "page_directories", "directories", admin(app, routes.of_list))
    register_http(
        functions,
        "page_sign_in_callback",
        CALLBACK.lstrip("/"),
        admin(app, routes.of_way_back),
    )
    register_http(
        functions, "api_description", "api/openapi.json", method_dispatcher(GET=serve_description)
    )
    register_http(
        functions, "page_static", "static/{name}", method_dispatcher(GET=static_files.serve)
    )
    register_http(
        functions,
        "security_txt",
        ".well-known/security.txt",
        method_dispatcher(GET=security_txt.handler(app)),
    )
    return functions
