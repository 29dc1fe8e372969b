"""Values of the index rows of users and groups, apart from the cards of people (`scim.users.contact_cards`).

They are derived from a record and written with it, so their version is the record's `index_version`.
"""

from dataclasses import dataclass

import orjson

from shared import row_versions

NOTHING = b"{}"  # the key holds everything
_ACTIVE, _INACTIVE = b'{"a":1}', b'{"a":0}'


@dataclass(frozen=True, slots=True)
class UnparsedNumbers:
    """A person's name with the numbers that have no E.164 form: `value`, `type`, and `fault` with its remedy."""

    name: str
    numbers: list[dict[str, str]]


def encode_owner(identifier: str) -> bytes:
    """Return the value of a row that makes a name unique: the id of the user or group that has it."""
    return orjson.dumps({"id": identifier})


def decode_owner(value: bytes) -> str:
    """Return the id of the user or group that has the name."""
    return str(orjson.loads(value)["id"])


def encode_active(*, is_active: bool) -> bytes:
    """Return the value of a user's externalId row: whether the user is active."""
    return _ACTIVE if is_active else _INACTIVE


def decode_active(value: bytes) -> bool:
    """Return whether the user of an externalId row is active."""
    return value == _ACTIVE or bool(orjson.loads(value).get("a") == 1)


def encode_unparsed(unparsed: UnparsedNumbers) -> bytes:
    """Return the value of a row that lists unparsed numbers."""
    return orjson.dumps({"v": 1, "name": unparsed.name, "numbers": unparsed.numbers})


def decode_unparsed(value: bytes) -> UnparsedNumbers:
    """Return the unparsed numbers of a row. Raise UnsupportedRowVersion."""
    stored = row_versions.read(value, "unparsed")
    return UnparsedNumbers(stored["name"], stored["numbers"])
