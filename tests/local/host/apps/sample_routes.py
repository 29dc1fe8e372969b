"""HTTP functions with overlapping templates, which show the order in which the host tries them."""

from collections.abc import Callable, Sequence

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def _add(
    name: str, route: str | None, methods: Sequence[str] | None = None
) -> Callable[..., object]:
    async def main(req: func.HttpRequest) -> func.HttpResponse:
        route = ",".join(f"{key}={value}" for key, value in req.route_params.items())
        return func.HttpResponse(f"{name}({route})")

    return app.function_name(name)(app.route(route=route, methods=methods)(main))


_add("Beta", "pick/{id}")
_add("alpha", "pick/{id}")
_add("scim_users", "Users/{id?}", ["POST", "GET"])
_add("scim_users_search", "Users/.search", ["POST"])
_add("get_only", "only", ["GET"])
_add("post_only", "only", ["POST"])
_add("rest", "typed/{*rest}")
_add("mixed", "files/{name}.{kind}")
_add("by_name", None)
_add("by_empty", "")
_add("administer", "administrator")
