"""Secrets: 256 random bits with a prefix that secret scanners and people recognise; only the SHA-256 is ever stored.

A fast hash is enough for 256 random bits: there is nothing to guess (NIST SP 800-63B section 5.1.2 asks for slow ones
only if a secret has less than 112).
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Sequence

from directories.models import Token

TOKEN_PREFIX = "extdir_"
SECRET_PREFIX = "extdirsec_"
ACCESS_PREFIX = "extdiracc_"
_ALPHABET = string.ascii_lowercase + string.digits
_NOBODY = Token("", "0" * 64, "")


def new_secret(prefix: str) -> str:
    """Return a new plain secret: `prefix` and 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(32)


def new_short_id(length: int = 8) -> str:
    """Lower-case letters and digits, as every client takes them in a URL."""
    return "".join([secrets.choice(_ALPHABET) for _ in range(length)])


def short_id_of(*parts: str, length: int) -> str:
    """Return the ID, of at most 32 characters, of these parts in this order."""
    hashed = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return "".join([_ALPHABET[byte % len(_ALPHABET)] for byte in hashed[:length]])


def digest(plain: str) -> str:
    """Return the stored form of a secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def find(candidates: Sequence[Token], hashed: str) -> Token | None:
    """Return the candidate with this hash. Every candidate is compared in constant time, and never fewer than two."""
    found: Token | None = None
    for candidate in (*candidates, *([_NOBODY] * (2 - len(candidates)))):
        if hmac.compare_digest(candidate.hash, hashed):
            found = candidate
    return found if found is not _NOBODY else None
