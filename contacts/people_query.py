"""An agent's query: words, a group, company, department, office, and whether people are free.

Everything but the words is a filter of the page and a parameter of the API. It can be typed as well: `free now in
Sales`, `wer ist frei im Vertrieb`, `department:"Sales UK" office:London group:Helpdesk`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from shared.keys import search_key
from shared.numbers.typed import is_number

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
    """The conditions on people; an empty part excludes no one.

    `text` are the words of a search. `group` is the id of a group of the only directory, `group_name` the name of groups in any
    directory. `free`: "now" for people who can
    take a call, "soon" for those first and then people who are in a call or meeting, busy, or right back.
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
        """Return the query of a text, with the filters that are written in it."""
        facets = dict[str, str]()
        for match in _FACET.finditer(text):
            name = _FACETS.get(search_key(match[1]))
            if name:
                facets[name] = match[2].strip('"').strip()
                text = text.replace(match[0], " ", 1)
        free, words = _free_in(text.split())
        return cls(text=" ".join(words), free=free, **facets)

    def over(self, other: "PeopleQuery") -> "PeopleQuery":
        """Return this query with the parts of `other` that it lacks."""
        names = ("group", "company", "department", "office", "free")
        missing = {name: getattr(other, name) for name in names if not getattr(self, name)}
        return replace(self, **missing)

    @property
    def may_name_group(self) -> bool:
        """Return whether the words may be the name of a group: no address, no number, none chosen already."""
        text = self.text
        is_name = len(text) > 1 and "@" not in text and not is_number(text)
        return is_name and not (self.group or self.group_name)

    @property
    def has_filters(self) -> bool:
        """Return whether anything but words and group is asked for."""
        return bool(self.company or self.department or self.office or self.free or self.group_name)


def _free_in(words: Sequence[str]) -> tuple[Free, Sequence[str]]:
    """Return the condition of being free in the words, and the other words."""
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
