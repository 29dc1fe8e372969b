"""Generate and check secrets: 256 random bits with a recognisable prefix, of which only the SHA-256 is stored.

A fast hash is enough, because 256 random bits can't be guessed (NIST SP 800-63B section 5.1.2
requires a slow hash only for secrets of less than 112 bits).

A secret ends with a checksum, as GitHub's tokens do (github.blog, "Behind GitHub's new authentication token formats"):
the CRC-32 of the random characters in six characters of base 62. It distinguishes a typing error from a revoked or
unknown secret without a read of storage. Secrets of the first release have 43 URL-safe characters and no checksum.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Sequence

from directories.models import Token

TOKEN_PREFIX = "extdir_"
SECRET_PREFIX = "extdirsec_"
ACCESS_PREFIX = "extdiracc_"
_ALPHABET = string.ascii_lowercase + string.digits
_BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 43  # characters of base 62 for 256 bits
_CHECKSUM_LENGTH = 6  # characters of base 62 for 32 bits
_FORM = re.compile(
    rf"(?:extdir|extdirsec|extdiracc)_([0-9A-Za-z]{{{_RANDOM_LENGTH}}})([0-9A-Za-z]{{6}})"
)
_FIRST_FORM = re.compile(rf"(?:extdir|extdirsec|extdiracc)_[0-9A-Za-z_-]{{{_RANDOM_LENGTH}}}")
_MARK = "extdir"
_NOBODY = Token(id="", hash="0" * 64, created="")


def new_secret(prefix: str) -> str:
    """Return a new plain secret: `prefix`, 43 random characters of base 62 and their checksum."""
    random = "".join([secrets.choice(_BASE_62) for _ in range(_RANDOM_LENGTH)])
    return f"{prefix}{random}{_checksum(random)}"


def is_mistyped(text: str) -> bool:
    """Return whether `text` is like a secret of this app, but was changed or cut when it was copied.

    The result depends on the text alone, so it tells a stranger nothing about stored secrets.
    """
    if not text.isascii():
        return _MARK in text.lower()
    if found := _FORM.fullmatch(text):
        return found[2] != _checksum(found[1])
    if _FIRST_FORM.fullmatch(text):
        return False
    if _MARK in text.lower():
        return True
    # The prefix may have been lost, so check the characters after it.
    ending = text[-_RANDOM_LENGTH - _CHECKSUM_LENGTH :]
    random, checksum = ending[:_RANDOM_LENGTH], ending[_RANDOM_LENGTH:]
    return len(checksum) == _CHECKSUM_LENGTH and checksum == _checksum(random)


def _checksum(random: str) -> str:
    rest, digits = zlib.crc32(random.encode("ascii")), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_BASE_62))
        digits = _BASE_62[digit] + digits
    return digits


def new_short_id(length: int = 8) -> str:
    """Return a random ID of lower-case letters and digits, which every client accepts in a URL."""
    return "".join([secrets.choice(_ALPHABET) for _ in range(length)])


def short_id_of(*parts: str, length: int) -> str:
    """Return an ID of `length` characters (at most 32) that is derived from `parts`, in their order."""
    hashed = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return "".join([_ALPHABET[byte % len(_ALPHABET)] for byte in hashed[:length]])


def digest(plain: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal, the form in which it is stored."""
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def find(candidates: Sequence[Token], hashed: str) -> Token | None:
    """Return the candidate with this hash, or None.

    Every candidate is compared in constant time, and at least two comparisons are made, so that the
    duration doesn't show how many candidates there are.
    """
    found: Token | None = None
    for candidate in (*candidates, *([_NOBODY] * (2 - len(candidates)))):
        if hmac.compare_digest(candidate.hash, hashed):
            found = candidate
    return found if found is not _NOBODY else None
