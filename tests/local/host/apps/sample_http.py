"""HTTP functions that show how the host converts requests and responses."""

import azure.functions as func
import orjson

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("echo")
@app.route(route="echo/{id?}")
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(orjson.dumps(seen), headers={"Content-Type": "application/json"})


@app.route(route="anonymous/{*rest}")
async def anonymous(req: func.HttpRequest) -> func.HttpResponse:
    """Return the parts of the request that don't depend on the client, to compare hosts that have different
    clients.
    """
    seen = {
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "method": req.method,
    }
    return func.HttpResponse(orjson.dumps(seen), status_code=201, mimetype="application/json")


@app.route(route="length", methods=["POST"])
async def length(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(len(req.get_body())))


@app.route(route="scim/{directoryId}/v2/ServiceProviderConfig")
async def excluded(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("signed in" if "X-MS-CLIENT-PRINCIPAL" in req.headers else "nobody")


@app.route(route="health")
async def health(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("signed in" if "X-MS-CLIENT-PRINCIPAL" in req.headers else "nobody")


@app.route(route="answer/none")
async def answer_none(req: func.HttpRequest) -> func.HttpResponse:
    return None


@app.route(route="answer/raise")
async def answer_raise(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("personal data")


@app.route(route="answer/text")
async def answer_text(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("Grüße")


@app.route(route="answer/str")
async def answer_str(req: func.HttpRequest) -> str:
    return "plain"


@app.route(route="answer/204")
async def answer_204(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=204)


@app.route(route="answer/304")
async def answer_304(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(
        status_code=304, headers={"ETag": 'W/"1"', "Content-Type": "application/json"}
    )


@app.route(route="answer/scim")
async def answer_scim(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"ETag": 'W/"1"', "Location": "/scim/x", "content-type": "application/scim+json"}
    return func.HttpResponse(b'{"id":"1"}', status_code=201, headers=headers)


@app.route(route="answer/repeated")
async def answer_repeated(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("x", headers={"X-One": "first"})
    response.headers.add("X-One", "second")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax")
    response.headers.add("Set-Cookie", "b=two%20words; Max-Age=60; Secure; Domain=example.com")
    response.headers.add("Set-Cookie", "c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/x")
    return response


@app.route(route="answer/thread")
def answer_thread(req: func.HttpRequest) -> func.HttpResponse:
    """Return whether this function, which isn't async, runs in the main thread."""
    import threading

    return func.HttpResponse(str(threading.current_thread() is threading.main_thread()))


@app.route(route="answer/context")
async def answer_context(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.HttpResponse(context.function_name)
