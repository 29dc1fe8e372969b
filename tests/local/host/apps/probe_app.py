"""Functions that return their input; `recorded/answers.json` has the real host's responses."""

import asyncio
import base64
import gzip
import json
import logging

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def seen(name: str, req: func.HttpRequest) -> func.HttpResponse:
    body = req.get_body()
    told = {
        "function": name,
        "method": req.method,
        "url": req.url,
        "route": dict(req.route_params),
        "query": dict(req.params),
        "headers": dict(sorted(req.headers.items())),
        "body": base64.b64encode(body[:64]).decode(),
        "length": len(body),
    }
    return func.HttpResponse(json.dumps(told), mimetype="application/json")


@app.function_name("echo")
@app.route(route="echo/{*rest}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    return seen("echo", req)


@app.function_name("users")
@app.route(
    route="scim/{directoryId}/Users/{id?}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
)
async def users(req: func.HttpRequest) -> func.HttpResponse:
    return seen("users", req)


@app.function_name("users_search")
@app.route(route="scim/{directoryId}/Users/.search", methods=["POST"])
async def users_search(req: func.HttpRequest) -> func.HttpResponse:
    return seen("users_search", req)


@app.function_name("any_method")
@app.route(route="any")
async def any_method(req: func.HttpRequest) -> func.HttpResponse:
    return seen("any_method", req)


@app.function_name("multi_read")
@app.route(route="multi/{id}", methods=["GET"])
async def multi_read(req: func.HttpRequest) -> func.HttpResponse:
    return seen("multi_read", req)


@app.function_name("multi_remove")
@app.route(route="multi/{id}", methods=["DELETE"])
async def multi_remove(req: func.HttpRequest) -> func.HttpResponse:
    return seen("multi_remove", req)


# Which of two routes that fit is taken: by the functions' names, by their order here, or by how much is fixed?
@app.function_name("order1_b_fixed")
@app.route(route="order1/fixed", methods=["GET"])
async def order1_fixed(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order1_b_fixed", req)


@app.function_name("order1_a_open")
@app.route(route="order1/{x}", methods=["GET"])
async def order1_open(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order1_a_open", req)


@app.function_name("order2_a_fixed")
@app.route(route="order2/fixed", methods=["GET"])
async def order2_fixed(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order2_a_fixed", req)


@app.function_name("order2_b_open")
@app.route(route="order2/{x}", methods=["GET"])
async def order2_open(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order2_b_open", req)


@app.function_name("order3_a_open_post")
@app.route(route="order3/{x}", methods=["POST"])
async def order3_open(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order3_a_open_post", req)


@app.function_name("order3_b_fixed_get")
@app.route(route="order3/fixed", methods=["GET"])
async def order3_fixed(req: func.HttpRequest) -> func.HttpResponse:
    return seen("order3_b_fixed_get", req)


@app.function_name("number")
@app.route(route="number/{n:int}", methods=["GET"])
async def number(req: func.HttpRequest) -> func.HttpResponse:
    return seen("number", req)


@app.function_name("preset")
@app.route(route="preset/{x=abc}", methods=["GET"])
async def preset(req: func.HttpRequest) -> func.HttpResponse:
    return seen("preset", req)


@app.function_name("two_parts")
@app.route(route="parts/{a}.{b}", methods=["GET"])
async def two_parts(req: func.HttpRequest) -> func.HttpResponse:
    return seen("two_parts", req)


@app.function_name("answer")
@app.route(route="answer/{what}", methods=["GET", "POST", "HEAD"])
async def answer(req: func.HttpRequest) -> func.HttpResponse:  # noqa: C901 - one answer per line
    what = req.route_params["what"]
    if what.isdigit():
        return func.HttpResponse(b"a body", status_code=int(what), headers={"ETag": 'W/"3"'})
    if what == "empty":
        return func.HttpResponse()
    if what == "text":
        return func.HttpResponse("Zürich ☎")
    if what == "bytes":
        return func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream")
    if what == "scim":
        return func.HttpResponse(
            '{"a":1}', headers={"Content-Type": "application/scim+json; charset=utf-8"}
        )
    if what == "type-twice":
        return func.HttpResponse(
            "{}", mimetype="application/json", headers={"content-type": "application/scim+json"}
        )
    if what == "gzip":
        return func.HttpResponse(
            gzip.compress(b"a" * 5000, mtime=0),
            headers={
                "Content-Encoding": "gzip",
                "Vary": "Accept-Encoding",
                "Content-Type": "text/html",
            },
        )
    if what == "headers":
        return func.HttpResponse(
            "x",
            headers={
                "x-LOWER-Upper": "Kept As Given",
                "X-Empty": "",
                "X-Comma": "a, b",
                "Cache-Control": "no-store",
                "Location": "/there",
                "Retry-After": "7",
                "WWW-Authenticate": 'Bearer realm="x"',
                "Content-Security-Policy": "default-src 'self'",
                "Last-Modified": "Sat, 28 Nov 2026 00:00:00 GMT",
                "Server": "mine",
                "Date": "Sat, 01 Jan 2000 00:00:00 GMT",
            },
        )
    if what == "framing":
        return func.HttpResponse("abc", headers={"Content-Length": "3", "Connection": "keep-alive"})
    if what == "transfer":
        return func.HttpResponse("abc", headers={"Transfer-Encoding": "chunked"})
    if what == "latin":
        return func.HttpResponse("x", headers={"X-Latin": "Zürich"})
    if what == "attachment":
        return func.HttpResponse(
            "x",
            headers={
                "Content-Disposition": "attachment; filename=\"Zurich.csv\"; filename*=UTF-8''Z%C3%BCrich.csv"
            },
        )
    if what == "cookie":
        return func.HttpResponse(
            "c", headers={"Set-Cookie": "a=b; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60"}
        )
    if what == "cookie-bare":
        return func.HttpResponse("c", headers={"Set-Cookie": "a=b"})
    if what == "cookie-space":
        return func.HttpResponse("c", headers={"Set-Cookie": "a=b c; Path=/"})
    if what == "cookie-quoted":
        return func.HttpResponse("c", headers={"Set-Cookie": 'a="b c"; Path=/'})
    if what == "cookie-expires":
        return func.HttpResponse(
            "c", headers={"Set-Cookie": "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"}
        )
    if what == "cookie-equals":
        return func.HttpResponse(
            "c", headers={"Set-Cookie": "a=b=c%3D; Path=/; Domain=example.com; SameSite=Strict"}
        )
    if what == "newline":
        return func.HttpResponse("x", headers={"X-Line": "a\r\nX-Injected: 1"})
    if what == "big":
        return func.HttpResponse(b"0123456789" * 200_000)
    if what == "raise":
        raise ValueError("raised on purpose")
    if what == "slow":
        await asyncio.sleep(float(req.params.get("seconds", "1")))
        return func.HttpResponse("slept")
    return func.HttpResponse("unknown", status_code=404)


@app.function_name("queue_in")
@app.queue_trigger("message", "probe-in", "AzureWebJobsStorage")
async def queue_in(message: func.QueueMessage) -> None:
    body = message.get_body()
    logging.warning(
        "PROBE %s",
        json.dumps(
            {
                "body": base64.b64encode(body).decode(),
                "dequeue_count": message.dequeue_count,
                "id": bool(message.id),
                "insertion_time": str(message.insertion_time),
                "expiration_time": str(message.expiration_time),
                "time_next_visible": str(message.time_next_visible),
                "pop_receipt": bool(message.pop_receipt),
            }
        ),
    )
    if b"fail" in body:
        raise ValueError("failed on purpose")


@app.function_name("put_many")
@app.route(route="put/{what}", methods=["POST"])
@app.queue_output("out", "probe-out", "AzureWebJobsStorage")
async def put_many(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    out.set({"text": "Zürich", "json": '{"a":1}'}.get(req.route_params["what"], "x"))
    return func.HttpResponse("put")


@app.function_name("tick")
@app.timer_trigger("timer", "*/5 * * * * *", run_on_startup=False, use_monitor=False)
async def tick(timer: func.TimerRequest) -> None:
    logging.warning(
        "PROBE-TICK %s",
        json.dumps(
            {
                "past_due": timer.past_due,
                "schedule": timer.schedule,
                "schedule_status": timer.schedule_status,
            }
        ),
    )
