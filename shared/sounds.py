"""How a word sounds: a coarse code of its consonants, and the distance between two words.

Search by sound reads the rows with the code of the typed word, then compares their words by
distance. Each letter of a code is a group of consonants that are misheard or written for one
another:

- `p`: b p; `t`: d t th dt; `k`: c g k q ch; `f`: f v w ph; `s`: s z sch sh tz, c before e, i and y;
- `l`, `m`, `n`, `r` themselves; `j`: j, and at the beginning y, and g before e, i and y;
- `a`: a vowel at the beginning, with or without an h. Other vowels and h are left out.

Letters that are not heard are left out: see `_UNHEARD`, and p in Thompson, l in Thibault.

So Meier, Meyer and Maier have one code, and so have Schmidt and Schmitt, Stephen and Steven,
Mohammed and Muhammad. Cyrillic, Greek and Arabic letters have the codes of the Latin letters that
sound like them.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_MAX_CODE = 8  # letters of a code
_MAX_WORD = 40  # letters; the rest of a longer word is ignored

_SPELLINGS = {
    "schtsch": "s", "shtsh": "s", "shch": "s", "szcz": "s",  # of the Cyrillic letter shcha, and its Polish form
    "tsch": "k", "tch": "k", "cz": "k", "ch": "k", "ck": "k", "sch": "s", "sh": "s", "sz": "s", "zs": "s",
    "tz": "s", "ts": "s", "ce": "s", "ci": "s", "cy": "s", "ph": "f", "pf": "f", "th": "t", "dt": "t",
    "td": "t", "dg": "k", "gh": "", "x": "ks", "qu": "k", "qv": "k", "kv": "k", "kw": "k", "tts": "s", "ttz": "s",
    "cc": "s", "mp": "m", "aul": "a", "tew": "t", "hew": "h", "pherd": "prt", "phard": "prt",
}  # fmt: skip
# Letters that aren't heard: f, ph and v after a vowel, if a consonant or the end follows; w before a consonant
# or at the end; j inside a word; x at the end of French names.
_UNHEARD = "(?<=[aeiouy])(?:(?:ff|f|ph)(?![aeiouylr])|v(?![aeiouy]))|(?<=.)w(?![aeiouy])|(?<=.)j|(?<=[aeo]u)x$"
_GROUPS = re.compile(
    f"(?P<unheard>{_UNHEARD})|^kn|^wr|^gh|^g(?=[eiy])|^y(?=[aeiou])|^x|schtsch|shtsh|shch|szcz|tsch|tch|tts|ttz|cz|ch|ck|sch|sh|sz|zs|tz|ts|"
    "cc(?=[ei])|c(?=[eiy])|ph[ae]rd|ph|pf|[th]ew(?=[aeiou])|th|dt|td|dg|gh|x|qu|qv|kv|kw|mp(?=[st])|aul(?=[td]s?$)"
)
_AT_THE_BEGINNING = {"kn": "n", "wr": "r", "gh": "k", "g": "j", "y": "j", "x": "s"}
_CLASSES = str.maketrans("bcdfgjklmnpqrstvwxz", "pktfkjklmnpkrstffks", "aeiouyh")
_SPOKEN_VOWELS = frozenset("aeiouy")
_REPEATED = re.compile(r"(.)\1+", re.DOTALL)

# Latin letters of the same class for the letters of other alphabets; letters left out are vowels or not heard.
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґђјљњћџў",
        "a b v g d e zh z i i k l m n o p r s t u f k s ch sh sh  i  e u a i i e g d j l n k d u".split(
            " "
        ),
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        "a v g d e z i t i k l m n x o p r s t i f k ps o".split(" "),
        strict=True,
    )
)
_ARABIC = dict(
    zip(
        "بپتثجچحخدذرزژسشصضطظعغفقكگلمنهوياآ",
        "p p t s j k  k t t r s s s s s t t s  k f k k k l m n     a a".split(" "),
        strict=False,
    )
)
_LETTERS = str.maketrans({**_CYRILLIC, **_GREEK, **_ARABIC})


# The same letters as a reader of Latin script spells them, for the distance between words of two scripts.
_SPELT = str.maketrans(
    {
        **_CYRILLIC, **_GREEK, **_ARABIC,
        "х": "kh", "ц": "ts", "щ": "shch", "ю": "yu", "я": "ya", "й": "y", "ы": "y", "є": "ye", "ї": "yi", "и": "i",
        "υ": "u", "χ": "ch", "خ": "kh", "ش": "sh", "ذ": "dh", "غ": "gh", "ث": "th",
    }
)  # fmt: skip


def in_latin(word: str) -> str:
    """Return a folded word with Cyrillic, Greek and Arabic letters transliterated to Latin ones.

    Letters of other scripts are not changed.
    """
    return word if word.isascii() else word.translate(_SPELT)


@lru_cache(maxsize=4096)
def code(word: str) -> str:
    """Return the code of a folded word, at most 8 letters; "" if the word is empty or no letter of it is heard."""
    word = word[:_MAX_WORD]
    if not word.isascii():
        word = word.translate(_LETTERS)
    if not word:
        return ""
    grouped = _GROUPS.sub(_spelling, word)
    plain = _REPEATED.sub(r"\1", grouped)
    consonants = plain.translate(_CLASSES)
    vowel = "a" if plain.removeprefix("h")[:1] in _SPOKEN_VOWELS else ""
    return (vowel + _REPEATED.sub(r"\1", consonants))[:_MAX_CODE] if consonants else vowel


def _spelling(match: re.Match[str]) -> str:
    if match["unheard"]:
        return ""
    if match.start() == 0 and (found := _AT_THE_BEGINNING.get(match[0])) is not None:
        return found
    return "s" if match[0] == "c" else _SPELLINGS[match[0]]


_VOWELS = "aeiouyj"
_VOWEL_FOR_VOWEL, _SAME_CLASS, _EXTRA_VOWEL, _SILENT, _DOUBLED, _SWAPPED = (
    0.5,
    0.4,
    0.7,
    0.3,
    0.3,
    0.9,
)


def _substitutions() -> dict[str, dict[str, float]]:
    """Return the cost of one letter in place of another, by both letters, if it is less than 1."""
    consonants = "bcdfgklmnpqrstvwxz"
    costs: dict[str, dict[str, float]] = {one: {} for one in consonants + _VOWELS}
    for one in consonants:
        for other in consonants:
            if one != other and one.translate(_CLASSES) == other.translate(_CLASSES):
                costs[one][other] = _SAME_CLASS
    for one in _VOWELS:
        costs[one] = {other: _VOWEL_FOR_VOWEL for other in _VOWELS if other != one}
    # Vázquez and Basquez, Geoffrey and Jeffrey, Hnatiuk and Gnatyuk
    for one, other in ("bv", "gj", "gh"):
        costs.setdefault(one, {})[other] = costs.setdefault(other, {})[one] = _VOWEL_FOR_VOWEL
    return costs


_INSTEAD = _substitutions()
_ALONE = {"h": _SILENT} | dict.fromkeys(_VOWELS, _EXTRA_VOWEL)
_NONE: Mapping[str, float] = MappingProxyType({})


def distance(one: str, other: str, most: float) -> float:
    """Return the distance between two words: at most 1 for each wrong, missing, extra or swapped letter.

    It is the optimal string alignment distance with lower costs for errors that are easily made: a
    vowel for another, consonants of one group, a doubled letter, an h. If the distance exceeds
    `most`, the computation stops early and returns some number above `most`.
    """
    if one == other:
        return 0.0
    start, end = 0, min(len(one), len(other), _MAX_WORD)
    while start < end and one[start] == other[start]:
        start += 1
    start = max(0, start - 1)  # a doubled letter is next to the one that it repeats
    stop, left = 0, min(len(one), len(other)) - start - 1
    while stop < left and one[-1 - stop] == other[-1 - stop]:
        stop += 1
    one = one[start : min(len(one) - stop, start + _MAX_WORD)]
    other = other[start : min(len(other) - stop, start + _MAX_WORD)]
    return _aligned(one, other, most)


def _aligned(one: str, other: str, most: float) -> float:
    added = _additions(other)
    before: list[float] = []
    row = [0.0]
    for cost in added:
        row.append(row[-1] + cost)
    last = ""
    for letter, gone in zip(one, _additions(one), strict=True):
        instead = _INSTEAD.get(letter, _NONE)
        left = row[0] + gone
        new = [left]
        previous = ""
        for index, there in enumerate(other):
            cost = row[index] if letter == there else row[index] + instead.get(there, 1.0)
            if (removed := row[index + 1] + gone) < cost:
                cost = removed
            if (more := left + added[index]) < cost:
                cost = more
            if letter == previous and last == there and before:
                cost = min(cost, before[index - 1] + _SWAPPED)
            new.append(cost)
            left, previous = cost, there
        if (least := min(new)) > most:
            return least
        before, row, last = row, new, letter
    return row[-1]


def _additions(word: str) -> list[float]:
    """Return, for each letter of `word`, the cost if the other word lacks it."""
    last, costs = "", list[float]()
    for letter in word:
        costs.append(_DOUBLED if letter == last else _ALONE.get(letter, 1.0))
        last = letter
    if (at := word.find("ye")) >= 0:
        costs[at] = min(costs[at], _SILENT)  # Yevgeny and Evgeni, Alekseyev and Alekseev
    return costs
