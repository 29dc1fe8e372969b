"""Raw requests to `apps/probe_app.py`; `answers.json` has the responses of the real Functions host."""

# ruff: noqa: E501

import base64
from typing import Any

HOST = b"localhost:8080"


def request(
    method: str,
    target: str | bytes,
    *headers: str,
    body: bytes = b"",
    version: str = "HTTP/1.1",
    host: bool = True,
    length: bool = True,
) -> bytes:
    target = target if isinstance(target, bytes) else target.encode()
    lines = [method.encode() + b" " + target + b" " + version.encode()]
    if host:
        lines.append(b"Host: " + HOST)
    lines.extend(header.encode("latin-1") for header in headers)
    if body and length:
        lines.append(b"Content-Length: %d" % len(body))
    lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def probes() -> dict[str, bytes]:
    def get(target: str | bytes, *headers: str, **options: Any) -> bytes:
        return request("GET", target, *headers, **options)

    def post(target: str | bytes, *headers: str, **options: Any) -> bytes:
        return request("POST", target, *headers, **options)

    json_type = "Content-Type: application/scim+json; charset=utf-8"
    all_of_them = {
        # Paths
        "path plain": get("/scim/d1/Users/7"),
        "path without the optional part": get("/scim/d1/Users"),
        "path trailing slash": get("/scim/d1/Users/"),
        "path trailing slash after id": get("/scim/d1/Users/7/"),
        "path two trailing slashes": get("/scim/d1/Users//"),
        "path double slash inside": get("/scim//Users/7"),
        "path double slash first": get("//scim/d1/Users/7"),
        "path one part too many": get("/scim/d1/Users/7/x"),
        "path other case": get("/SCIM/d1/uSERS/7"),
        "path route value keeps its case": get("/scim/DirOne/Users/AbC"),
        "path encoded letters of the template": get("/%73cim/d1/Users/7"),
        "path encoded slash": get("/scim/d1/Users/a%2Fb"),
        "path encoded slash lower": get("/scim/d1/Users/a%2fb"),
        "path encoded backslash": get("/scim/d1/Users/a%5Cb"),
        "path backslash": get("/scim/d1/Users/a\\b"),
        "path encoded percent": get("/scim/d1/Users/a%25b"),
        "path encoded percent and slash": get("/scim/d1/Users/a%252Fb"),
        "path space": get("/scim/d1/Users/a%20b"),
        "path plus": get("/scim/d1/Users/a+b"),
        "path at, colon, comma, semicolon, equals": get("/scim/d1/Users/a@b:c,d;e=f"),
        "path quote and brackets": get("/scim/d1/Users/'a'(b)[c]{d}"),
        "path encoded at": get("/scim/d1/Users/a%40b"),
        "path utf-8": get("/scim/d1/Users/Z%C3%BCrich"),
        "path raw utf-8": get("/scim/d1/Users/Zürich".encode()),
        "path not utf-8": get("/scim/d1/Users/a%FFb"),
        "path overlong utf-8": get("/scim/d1/Users/a%C0%AFb"),
        "path bad escape": get("/scim/d1/Users/a%zzb"),
        "path lone percent": get("/scim/d1/Users/a%"),
        "path encoded nul": get("/scim/d1/Users/a%00b"),
        "path encoded newline": get("/scim/d1/Users/a%0Ab"),
        "path dot segment": get("/scim/d1/./Users/7"),
        "path dot dot segment": get("/scim/d1/x/../Users/7"),
        "path encoded dot dot": get("/scim/d1/x/%2e%2e/Users/7"),
        "path dot dot above the root": get("/../../scim/d1/Users/7"),
        "path id of dots": get("/scim/d1/Users/..."),
        "path id of one dot encoded": get("/scim/d1/Users/%2E"),
        "path dot search": post("/scim/d1/Users/.search", json_type, body=b"{}"),
        "path dot search by GET": get("/scim/d1/Users/.search"),
        "path emoji": get("/scim/d1/Users/%F0%9F%98%80"),
        "path 2000 letters": get("/scim/d1/Users/" + "a" * 2000),
        "path 7000 letters": get("/scim/d1/Users/" + "a" * 7000),
        "path 9000 letters": get("/scim/d1/Users/" + "a" * 9000),
        "path root": get("/"),
        "path unknown": get("/nothing/here"),
        "path catch-all nothing": get("/echo"),
        "path catch-all slash": get("/echo/"),
        "path catch-all deep": get("/echo/a/b/c"),
        "path catch-all double slash": get("/echo/a//b"),
        "path catch-all trailing": get("/echo/a/b/"),
        "path catch-all encoded slash": get("/echo/a%2Fb/c%20d"),
        "path absolute form": get("http://localhost:8080/scim/d1/Users/7"),
        "path absolute form, other host": get("http://other.example/scim/d1/Users/7"),
        "path star": request("OPTIONS", "*"),
        "path without slash": get("scim/d1/Users/7"),
        "path with fragment": get("/scim/d1/Users/7#x"),
        "path admin": get("/admin/host/status"),
        "path admin functions": get("/admin/functions/echo"),
        "path runtime webhook": get("/runtime/webhooks/x"),
        # Constraints and precedence
        "order1 fixed or open": get("/order1/fixed"),
        "order1 open": get("/order1/other"),
        "order2 fixed or open": get("/order2/fixed"),
        "order3 GET fixed beside POST open": get("/order3/fixed"),
        "order3 POST to what is fixed for GET": post("/order3/fixed", body=b"x"),
        "number 12": get("/number/12"),
        "number -3": get("/number/-3"),
        "number x": get("/number/x"),
        "number 99999999999": get("/number/99999999999"),
        "preset missing": get("/preset"),
        "preset given": get("/preset/z"),
        "parts a.b": get("/parts/a.b"),
        "parts a.b.c": get("/parts/a.b.c"),
        "parts a": get("/parts/a"),
        "multi GET": get("/multi/1"),
        "multi DELETE": request("DELETE", "/multi/1"),
        "multi PUT": request("PUT", "/multi/1", body=b"x"),
        # Methods
        "method HEAD where GET is": request("HEAD", "/scim/d1/Users/7"),
        "method HEAD where HEAD is": request("HEAD", "/answer/text"),
        "method OPTIONS": request("OPTIONS", "/scim/d1/Users/7"),
        "method OPTIONS, preflight": request(
            "OPTIONS",
            "/scim/d1/Users/7",
            "Origin: https://x.example",
            "Access-Control-Request-Method: GET",
        ),
        "method lower": request("get", "/scim/d1/Users/7"),
        "method unknown": request("PROPFIND", "/scim/d1/Users/7"),
        "method any: PROPFIND": request("PROPFIND", "/any"),
        "method any: OPTIONS": request("OPTIONS", "/any"),
        "method any: HEAD": request("HEAD", "/any"),
        "method any: TRACE": request("TRACE", "/any"),
        "method any: CONNECT": request("CONNECT", "localhost:443"),
        "method override": post("/scim/d1/Users/7", "X-HTTP-Method-Override: DELETE", body=b"{}"),
        "method GET with body": get("/scim/d1/Users", json_type, body=b'{"a":1}'),
        "method DELETE with body": request(
            "DELETE", "/scim/d1/Users/7", json_type, body=b'{"a":1}'
        ),
        # Query
        "query plain": get("/scim/d1/Users?filter=userName%20eq%20%22a%22&count=5"),
        "query plus is a space": get("/scim/d1/Users?filter=a+b"),
        "query encoded plus": get("/scim/d1/Users?filter=a%2Bb"),
        "query twice": get("/scim/d1/Users?x=1&x=2"),
        "query twice, other case": get("/scim/d1/Users?X=1&x=2"),
        "query empty value": get("/scim/d1/Users?x="),
        "query no equals": get("/scim/d1/Users?x"),
        "query empty": get("/scim/d1/Users?"),
        "query ampersands": get("/scim/d1/Users?&&x=1&&"),
        "query empty name": get("/scim/d1/Users?=1"),
        "query semicolon": get("/scim/d1/Users?a=1;b=2"),
        "query encoded ampersand": get("/scim/d1/Users?x=a%26b"),
        "query equals in value": get("/scim/d1/Users?x=a=b"),
        "query utf-8": get("/scim/d1/Users?x=Z%C3%BCrich"),
        "query raw utf-8": get("/scim/d1/Users?x=Zürich".encode()),
        "query not utf-8": get("/scim/d1/Users?x=a%FFb"),
        "query bad escape": get("/scim/d1/Users?x=a%zzb"),
        "query nul": get("/scim/d1/Users?x=a%00b"),
        "query brackets raw": get('/scim/d1/Users?x=[type eq "work"]'),
        "query quotes raw": get('/scim/d1/Users?filter=userName%20eq%20"a"'),
        "query question mark": get("/scim/d1/Users?x=a?b"),
        "query 7000 letters": get("/scim/d1/Users?x=" + "a" * 7000),
        "query 9000 letters": get("/scim/d1/Users?x=" + "a" * 9000),
        "query 17000 letters": get("/scim/d1/Users?x=" + "a" * 17000),
        "query code": get("/scim/d1/Users?code=secret"),
        # Headers
        "header case": get("/any", "X-MiXed: Value", "AUTHORIZATION: Bearer x"),
        "header twice": get("/any", "X-Twice: 1", "X-Twice: 2"),
        "header cookies twice": get("/any", "Cookie: a=1", "Cookie: b=2"),
        "header empty": get("/any", "X-Empty:"),
        "header spaces": get("/any", "X-Space:    a  b   "),
        "header latin-1": get("/any", "X-Latin: Z\xfcrich"),
        "header utf-8": get("/any", "X-Utf: Zürich".encode().decode("latin-1")),
        "header tab": get("/any", "X-Tab: a\tb"),
        "header folded": get("/any", "X-Fold: a\r\n b"),
        "header without colon": get("/any", "X-Nothing"),
        "header space before colon": get("/any", "X-Space : a"),
        "header bad name": get("/any", "X(Bad): a"),
        "header control character": get("/any", "X-Ctl: a\x01b"),
        "header 8000 letters": get("/any", "X-Long: " + "a" * 8000),
        "header 33000 letters": get("/any", "X-Long: " + "a" * 33000),
        "header 101 of them": get("/any", *[f"X-{i}: {i}" for i in range(101)]),
        "header forwarded": get(
            "/any",
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: dir.example",
        ),
        "header original host": get(
            "/any",
            "X-Original-Host: a.example",
            "X-WAWS-Unencoded-URL: /b",
            "DISGUISED-HOST: c.example",
        ),
        "header principal": get(
            "/any", "X-MS-CLIENT-PRINCIPAL: e30=", "X-MS-CLIENT-PRINCIPAL-ID: 1"
        ),
        "header functions key": get("/any", "x-functions-key: k"),
        "header trace parent": get(
            "/any", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        ),
        "header conditional": get(
            "/any",
            'If-None-Match: W/"1"',
            'If-Match: "2"',
            "If-Modified-Since: Sat, 28 Nov 2026 00:00:00 GMT",
        ),
        "header range": get("/any", "Range: bytes=0-3"),
        "header accept": get(
            "/any",
            "Accept: application/scim+json, */*;q=0.1",
            "Accept-Language: de-CH, en;q=0.5",
            "Accept-Encoding: gzip, br",
        ),
        "host missing": get("/any", host=False),
        "host twice": get("/any", "Host: other.example"),
        "host empty": get("/any", "Host:", host=False),
        "host bad": get("/any", "Host: a b", host=False),
        "http 1.0": get("/any", version="HTTP/1.0"),
        "http 1.0 without host": get("/any", version="HTTP/1.0", host=False),
        "http 2.7": get("/any", version="HTTP/2.7"),
        "not http": b"hello\r\n\r\n",
        "upgrade websocket": get(
            "/any", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"
        ),
        # Bodies
        "body json": post("/scim/d1/Users", json_type, body='{"name":"Zürich"}'.encode()),
        "body json, no type": post("/scim/d1/Users", body=b'{"a":1}'),
        "body json, latin-1 type": post(
            "/scim/d1/Users",
            "Content-Type: application/json; charset=iso-8859-1",
            body='{"name":"Zürich"}'.encode("latin-1"),
        ),
        "body json, bad charset": post(
            "/scim/d1/Users", "Content-Type: application/json; charset=nope", body=b"{}"
        ),
        "body json, bad type": post("/scim/d1/Users", "Content-Type: nonsense", body=b"{}"),
        "body json, type with comma": post(
            "/scim/d1/Users", "Content-Type: application/json, application/scim+json", body=b"{}"
        ),
        "body text": post("/scim/d1/Users", "Content-Type: text/plain", body=b"text"),
        "body form": post(
            "/scim/d1/Users",
            "Content-Type: application/x-www-form-urlencoded",
            body=b"grant_type=client_credentials&x=a+b",
        ),
        "body multipart": post(
            "/scim/d1/Users",
            "Content-Type: multipart/form-data; boundary=b",
            body=b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n--b--\r\n',
        ),
        "body octets": post(
            "/scim/d1/Users", "Content-Type: application/octet-stream", body=bytes(range(256))
        ),
        "body not utf-8 as json": post("/scim/d1/Users", json_type, body=b'{"a":"\xff\xfe"}'),
        "body byte order mark": post("/scim/d1/Users", json_type, body=b'\xef\xbb\xbf{"a":1}'),
        "body utf-16": post(
            "/scim/d1/Users",
            "Content-Type: application/json; charset=utf-16",
            body='{"a":1}'.encode("utf-16"),
        ),
        "body broken json": post("/scim/d1/Users", json_type, body=b'{"a":'),
        "body json text null": post("/scim/d1/Users", json_type, body=b"null"),
        "body nul": post("/scim/d1/Users", json_type, body=b"a\x00b"),
        "body empty, json type": post("/scim/d1/Users", json_type, "Content-Length: 0"),
        "body none, json type": post("/scim/d1/Users", json_type),
        "body gzip": post(
            "/scim/d1/Users",
            json_type,
            "Content-Encoding: gzip",
            body=base64.b64decode("H4sIAAAAAAAC/6tWSlSyMqwFAA+cnPwHAAAA"),
        ),
        "body chunked": post(
            "/scim/d1/Users",
            json_type,
            "Transfer-Encoding: chunked",
            body=b'4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n',
            length=False,
        ),
        "body chunked with trailers": post(
            "/scim/d1/Users",
            json_type,
            "Transfer-Encoding: chunked",
            "Trailer: X-T",
            body=b"2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
            length=False,
        ),
        "body chunked, bad size": post(
            "/scim/d1/Users",
            json_type,
            "Transfer-Encoding: chunked",
            body=b"zz\r\n{}\r\n0\r\n\r\n",
            length=False,
        ),
        "body chunked and length": post(
            "/scim/d1/Users",
            json_type,
            "Transfer-Encoding: chunked",
            "Content-Length: 4",
            body=b"2\r\n{}\r\n0\r\n\r\n",
            length=False,
        ),
        "body gzip transfer": post(
            "/scim/d1/Users", json_type, "Transfer-Encoding: gzip", body=b"x", length=False
        ),
        "body length twice, same": post(
            "/scim/d1/Users", "Content-Length: 2", "Content-Length: 2", body=b"{}", length=False
        ),
        "body length twice, other": post(
            "/scim/d1/Users", "Content-Length: 2", "Content-Length: 3", body=b"{}x", length=False
        ),
        "body length negative": post(
            "/scim/d1/Users", "Content-Length: -1", body=b"{}", length=False
        ),
        "body length no number": post(
            "/scim/d1/Users", "Content-Length: x", body=b"{}", length=False
        ),
        "body expect continue": post(
            "/scim/d1/Users", json_type, "Expect: 100-continue", body=b"{}"
        ),
        "body expect nonsense": post("/scim/d1/Users", json_type, "Expect: nonsense", body=b"{}"),
        "body 1.9 million octets": post("/scim/d1/Users", json_type, body=b"1" * 1_900_000),
        "body 2.2 million octets, above the limit": post(
            "/scim/d1/Users", json_type, body=b"1" * 2_200_000
        ),
        "body 2.2 million octets, chunked": post(
            "/scim/d1/Users",
            json_type,
            "Transfer-Encoding: chunked",
            body=b"%x\r\n" % 2_200_000 + b"1" * 2_200_000 + b"\r\n0\r\n\r\n",
            length=False,
        ),
    }
    for what in (
        "200",
        "201",
        "202",
        "204",
        "205",
        "206",
        "301",
        "302",
        "304",
        "307",
        "308",
        "400",
        "401",
        "403",
        "404",
        "405",
        "409",
        "410",
        "412",
        "413",
        "415",
        "418",
        "428",
        "429",
        "431",
        "500",
        "501",
        "502",
        "503",
        "504",
        "520",
        "599",
    ):
        all_of_them[f"answer {what}"] = get(f"/answer/{what}")
    for what in ("600", "999"):
        all_of_them[f"answer {what}"] = get(f"/answer/{what}")
    for what in (
        "empty",
        "text",
        "bytes",
        "scim",
        "type-twice",
        "gzip",
        "headers",
        "framing",
        "transfer",
        "latin",
        "attachment",
        "cookie",
        "cookie-bare",
        "cookie-space",
        "cookie-quoted",
        "cookie-expires",
        "cookie-equals",
        "newline",
        "big",
        "raise",
    ):
        all_of_them[f"answer {what}"] = get(f"/answer/{what}")
    for what in ("text", "big", "404", "204"):
        all_of_them[f"answer {what} to HEAD"] = request("HEAD", f"/answer/{what}")
    all_of_them["answer text, gzip accepted"] = get("/answer/big", "Accept-Encoding: gzip")
    return all_of_them
