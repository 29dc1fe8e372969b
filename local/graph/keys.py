"""The login service's signing keys: RS256, published as a JWK set, rotated on request."""

import base64
import json
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

_ALGORITHM = "RS256"


class BadSignature(Exception):
    """The token is malformed, or was not signed with a published key."""


class SigningKey:
    """An RSA key pair with its key ID (`kid`)."""

    def __init__(self) -> None:
        self.private: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        self.public = json.loads(RSAAlgorithm.to_jwk(self.private.public_key()))
        self.public.update(kid=self.kid, x5t=self.kid, use="sig", alg=_ALGORITHM)
        self.public.pop("key_ops", None)

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a signed compact JWT."""
        return jwt.encode(claims, self.private, algorithm=_ALGORITHM, headers={"kid": self.kid})


class KeyRing:
    """The published keys, newest last; the newest signs tokens."""

    def __init__(self) -> None:
        self.published = [SigningKey()]
        self._unpublished: SigningKey | None = None

    @property
    def unpublished(self) -> SigningKey:
        """A key that is not published, as a forger would use."""
        self._unpublished = self._unpublished or SigningKey()
        return self._unpublished

    def rotate(self, *, keep: int = 1) -> None:
        """Sign with a new key from now on, and keep only the last `keep` old keys published."""
        old = self.published[-keep:] if keep else []
        self.published = [*old, SigningKey()]

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a JWT signed with the newest key."""
        return self.published[-1].sign(claims)

    def document(self) -> dict[str, Any]:
        """Return the JWK set of `/discovery/v2.0/keys`."""
        return {"keys": [key.public for key in self.published]}

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token signed with a published key; raise BadSignature for any other token.

        The caller checks times and audience.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = next(key for key in self.published if key.kid == kid)
            return jwt.decode(token, key.private.public_key(), [_ALGORITHM], options=UNCHECKED)
        except (jwt.InvalidTokenError, StopIteration):
            raise BadSignature from None


# PyJWT must not check times, because they follow the simulator's clock, not the machine's.
UNCHECKED: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}
