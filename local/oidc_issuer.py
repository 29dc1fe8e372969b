"""An OpenID Connect issuer on this machine, whose signed assertions a directory can trust (RFC 7523)."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.clock import Clock, SystemClock

_LIFETIME_SECONDS = 300


class OidcIssuer:
    """Signs assertions with an RSA and an elliptic-curve key, and publishes both as a JWK set.

    `url` is its address. `fetched` counts requests for the keys. If `redirect` is set, such
    requests are redirected there.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.url = ""
        self.fetched = 0
        self.redirect = ""
        self._keys: dict[str, Any] = {
            "rsa-1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec-1": ec.generate_private_key(ec.SECP256R1()),
        }

    @property
    def host(self) -> str:
        """The host and port, as in the setting TRUSTED_KEY_HOSTS."""
        return self.url.partition("//")[2]

    @property
    def jwks_uri(self) -> str:
        """The address of the JWK set."""
        return f"{self.url}/keys"

    def assertion(
        self, subject: str, audience: str, *, algorithm: str = "RS256", **more: Any
    ) -> str:
        """Return a signed assertion; `more` adds or replaces claims, and None removes one."""
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.url, "sub": subject, "aud": audience, "iat": now} | more
        claims.setdefault("exp", now + _LIFETIME_SECONDS)
        kid = "ec-1" if algorithm.startswith("ES") else "rsa-1"
        payload = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(payload, self._keys[kid], algorithm=algorithm, headers={"kid": kid})

    def document(self) -> dict[str, Any]:
        """Return the JWK set."""
        rsa_key = json.loads(RSAAlgorithm.to_jwk(self._keys["rsa-1"].public_key()))
        ec_key = json.loads(ECAlgorithm.to_jwk(self._keys["ec-1"].public_key()))
        keys = ({**rsa_key, "kid": "rsa-1"}, {**ec_key, "kid": "ec-1"})
        return {"keys": [{**key, "use": "sig"} for key in keys]}

    def app(self) -> Starlette:
        """Return the issuer as an ASGI application."""

        async def keys(request: Request) -> Response:
            self.fetched += 1
            return (
                RedirectResponse(self.redirect) if self.redirect else JSONResponse(self.document())
            )

        return Starlette(routes=[Route("/keys", keys)])


@contextmanager
def running(issuer: OidcIssuer) -> Iterator[OidcIssuer]:
    """Serve the issuer on a free loopback port inside the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        issuer.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(issuer.app(), log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.should_exit = True
            thread.join()
