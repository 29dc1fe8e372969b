"""The ASGI application: every address of the simulated login service, of Graph, and of the control API."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from local.graph.authorize import SignIn
from local.graph.consent_page import ConsentPage
from local.graph.control import Control
from local.graph.discovery import Discovery
from local.graph.graph_endpoints import Graph
from local.graph.managed_identity import ManagedIdentity
from local.graph.simulator import Simulator
from local.graph.token import TokenEndpoint


def create_app(simulator: Simulator) -> ASGIApp:
    """Return the ASGI application that serves the simulator."""
    discovery, graph = Discovery(simulator), Graph(simulator)
    older = ConsentPage(simulator, needs_scope=False)
    return Starlette(
        routes=[
            *Control(simulator).routes(),
            Route("/msi/token", ManagedIdentity(simulator).__call__),
            Route("/v1.0/communications/getPresencesByUserId", graph.presences, methods=["POST"]),
            Route("/v1.0/communications/presences/{id}", graph.presence),
            Route("/v1.0/users/{id}/presence", graph.presence),
            Route("/v1.0/tenantRelationships/{function}", graph.tenant_information),
            Route("/common/discovery/instance", discovery.instance),
            Route(
                "/{tenant}/v2.0/.well-known/openid-configuration", discovery.openid_configuration
            ),
            Route("/{tenant}/discovery/v2.0/keys", discovery.keys),
            Route(
                "/{tenant}/oauth2/v2.0/token", TokenEndpoint(simulator).__call__, methods=["POST"]
            ),
            Route(
                "/{tenant}/oauth2/v2.0/authorize",
                SignIn(simulator).__call__,
                methods=["GET", "POST"],
            ),
            Route(
                "/{tenant}/v2.0/adminconsent",
                ConsentPage(simulator).__call__,
                methods=["GET", "POST"],
            ),
            Route("/{tenant}/adminconsent", older.__call__, methods=["GET", "POST"]),
        ]
    )
