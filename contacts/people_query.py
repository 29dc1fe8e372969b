"""An agent's query for people: search text, group, company, department, office, and whether they are free.

All but the search text are filters of the page and parameters of the API. They can also be typed: `free now in Sales`,
`wer ist frei im Vertrieb`, `department:"Sales UK" office:London group:Helpdesk`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from shared.numbers.typed import is_number
from shared.words import search_key

Free = Literal["", "now", "soon"]
FREE: tuple[Free, ...] = get_args(Free)
MAX_FACET = 100  # characters of a company, department or office

# A single word such as `free` or `frei` may be a name, so each phrase has at least two words.
_NOW = (
    "who is free now",
    "who's free now",
    "who is free",
    "who's free",
    "who is available now",
    "who is available",
    "free right now",
    "free now",
    "now free",
    "available now",
    "wer ist jetzt frei",
    "wer ist gerade frei",
    "wer ist frei",
    "wer ist jetzt verfugbar",
    "wer ist verfugbar",
    "jetzt frei",
    "gerade frei",
    "jetzt verfugbar",
)
_SOON = ("who is free soon", "who's free soon", "free soon", "wer ist bald frei", "bald frei")
_PHRASES: dict[tuple[str, ...], Free] = {
    **{tuple(phrase.split()): "now" for phrase in _NOW},
    **{tuple(phrase.split()): "soon" for phrase in _SOON},
}
_MAX_PHRASE = max(map(len, _PHRASES))
_PREPOSITIONS = frozenset("in at from of the im am bei beim aus vom von der".split())
_FACETS = {
    "company": "company",
    "firma": "company",
    "department": "department",
    "dept": "department",
    "abteilung": "department",
    "office": "office",
    "standort": "office",
    "buro": "office",
    "group": "group_name",
    "gruppe": "group_name",
}
_FACET = re.compile(r'(\w{4,10}):("[^"]{1,100}"|[^\s"]{1,100})')


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleQuery:
    """The search text and filters; an empty one excludes no one.

    `group` is a group's id, and allowed only with a single directory; `group_name` is the name of groups in any
    directory. `free`: "now" for people who can take a phone call, "soon" for these and then people who are in a call
    or meeting, busy, or will be right back.
    """

    text: str = ""
    group: str = ""
    group_name: str = ""
    company: str = ""
    department: str = ""
    office: str = ""
    free: Free = ""

    @classmethod
    def typed(cls, text: str) -> "PeopleQuery":
        """Parse a typed text into search text and filters."""
        facets = dict[str, str]()
        for match in _FACET.finditer(text):
            name = _FACETS.get(search_key(match[1]))
            if name:
                facets[name] = match[2].strip('"').strip()
                text = text.replace(match[0], " ", 1)
        free, words = _free_in(text.split())
        return cls(text=" ".join(words), free=free, **facets)

    def over(self, other: "PeopleQuery") -> "PeopleQuery":
        """Return this query, with the parts of `other` that it leaves empty."""
        names = ("group", "company", "department", "office", "free")
        missing = {name: getattr(other, name) for name in names if not getattr(self, name)}
        return replace(self, **missing)

    @property
    def may_name_group(self) -> bool:
        """Return whether the search text can be the name of a group: it is no address and no number, and no group is chosen."""
        text = self.text
        is_name = len(text) > 1 and "@" not in text and not is_number(text)
        return is_name and not (self.group or self.group_name)

    @property
    def has_filters(self) -> bool:
        """Return whether there is a filter other than the group."""
        return bool(self.company or self.department or self.office or self.free or self.group_name)


def _free_in(words: Sequence[str]) -> tuple[Free, Sequence[str]]:
    """Return the `free` filter that the words express, "" if none, and the remaining words."""
    folded = [search_key(word.strip(",;.?!")).replace("’", "'") for word in words]
    for length in range(min(_MAX_PHRASE, len(words)), 1, -1):
        for at in (0, len(words) - length):
            free = _PHRASES.get(tuple(folded[at : at + length]))
            if free:
                rest = [*words[:at], *words[at + length :]]
                while not at and rest and search_key(rest[0]) in _PREPOSITIONS:
                    rest = rest[1:]
                return free, rest
    return "", words
