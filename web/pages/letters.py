"""Letters of the alphabet above a long list of people: links to the people whose names begin so."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from web.page_request import PageRequest

_AFTER_Z = "{"  # sorts after every name of Latin letters, and before those of other scripts


@dataclass(frozen=True, slots=True)
class Letter:
    """A link to the people from a letter on: `start` as the list sorts names, `words` what it means if not plain."""

    start: str
    shown: str
    address: str
    words: str = ""


def letters_of(visit: PageRequest, directory: str) -> Sequence[Letter]:
    """Return everyone, A to Z, and other scripts; of one directory, or of all of them for ""."""

    def letter(start: str, shown: str, words: str = "") -> Letter:
        fields = {"directory": directory, "from": start}
        return Letter(start, shown, urlencode({k: v for k, v in fields.items() if v}), words)

    latin = [letter(one, one.upper()) for one in string.ascii_lowercase]
    return [
        letter("", visit.t("letters_all")),
        *latin,
        letter(_AFTER_Z, "…", visit.t("letters_other")),
    ]
