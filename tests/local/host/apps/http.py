"""HTTP functions that show what the host makes of a request and of an answer."""

import azure.functions as func
import orjson

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def _seen(function: str, req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "function": function,
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(orjson.dumps(seen), headers={"Content-Type": "application/json"})


@app.function_name("echo")
@app.route(route="echo/{id?}")
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    return _seen("echo", req)


@app.function_name("trivial")
@app.route(route="trivial/{id}", methods=["GET", "POST"])
async def trivial(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b'{"ok":true}', headers={"Content-Type": "application/json"})
