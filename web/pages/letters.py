"""The letters above a long list of people: each links to the people with names that begin with it."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from web.page_request import PageRequest

_AFTER_Z = "{"  # sorts after all names in Latin letters, before other scripts


@dataclass(frozen=True, slots=True)
class Letter:
    """A link to the part of the list that begins with a letter.

    `start` is the letter as a sort key of names, and `words` an accessible text if `shown` doesn't
    explain itself.
    """

    start: str
    shown: str
    address: str
    words: str = ""


def letters_of(visit: PageRequest, directory: str) -> Sequence[Letter]:
    """Return the links: all people, A to Z, and other scripts.

    `directory` is the ID of the directory listed, or "" for all.
    """

    def letter(start: str, shown: str, words: str = "") -> Letter:
        fields = {"directory": directory, "from": start}
        return Letter(start, shown, urlencode({k: v for k, v in fields.items() if v}), words)

    latin = [letter(one, one.upper()) for one in string.ascii_lowercase]
    return [
        letter("", visit.t("letters_all")),
        *latin,
        letter(_AFTER_Z, "…", visit.t("letters_other")),
    ]
