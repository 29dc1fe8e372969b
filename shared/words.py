"""Fold text so that equal names compare equal, and split names into folded words.

`fold_case` ignores case alone, as SCIM compares user names; `search_key` also ignores accents. The words of a name are
equal for spellings that people confuse.

Stored and typed text both go through `words_of` and `collapse`, so one index row is found by every
spelling:

- case, accents, width and presentation forms are folded (Unicode NFKD and case folding), so `Müller` becomes `muller`;
- apostrophes of every kind join (`O'Brien`, `O’Brien` and `Kaʻahumanu` are one word each);
- invisible characters are dropped: soft hyphen, zero-width space and (non-)joiner, direction marks;
- Arabic and Persian forms of one letter become equal (yeh, kaf, heh, alef), and so do katakana and hiragana;
- vowel signs of Indic and South-East Asian scripts stay inside their word (Unicode Standard, section 12.1);
- `collapse` replaces `ae`, `oe`, `ue`, `aa` and `dj` by their first letters, so `Mueller` becomes `muller` too.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# Characters that are typed as an apostrophe or in place of one: quotes, primes, modifier letters (okina U+02BB,
# hamza and ain U+02BE U+02BF, glottal stop), Greek accents without a letter, Hebrew geresh.
_APOSTROPHES = "'`´ʹʺʻʼʽʾʿˈˊˋˮʹ΄՚׳״‘’‚‛′‵᾽᾿`´＇｀Ꞌꞌ\u0294"
_UNSEEN = [
    0x00AD, 0x034F, 0x061C, 0x0640, 0x115F, 0x1160, 0xFEFF,
    *range(0x180B, 0x180F), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10), *range(0xFFF9, 0xFFFC),
]  # fmt: skip
_DROPPED: dict[int, str | None] = dict.fromkeys([*map(ord, _APOSTROPHES), *_UNSEEN]) | {
    ord("_"): " "
}

# After NFKD: yeh, kaf, heh, teh marbuta and alef as Arabic, Persian, Urdu, Kurdish and Pashto keyboards type them. A
# separate hamza is dropped, because some people leave it out (الزهراء).
_VARIANTS: dict[int, str | int | None] = (
    dict.fromkeys(map(ord, "ىیېےۍێ"), "ي")
    | dict.fromkeys(map(ord, "کڪګ"), "ك")
    | dict.fromkeys(map(ord, "ةہھەۀۃ"), "ه")
    | dict.fromkeys(map(ord, "ٱٲٳ"), "ا")
    | {ord("ء"): None}
    | {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}
    # Latin letters without a decomposition, as people without the keyboard write them: Azerbaijani, Akan, Ewe, Hausa,
    # Fulfulde and Sami.
    | dict(zip(map(ord, "ǝəɛɔɓɖɗƒɣɨɩƙŋɲŧʉʊʋƴ"), "eeeobddfgiiknntuuvy", strict=True))
)

# Vowel signs and other marks (categories Mn and Mc) that folding keeps and that `\w` doesn't match.
_SIGNS = (
    "\u0900-\u0963\u0971-\u0df3\u0e31-\u0e4e\u0eb1-\u0ecd\u0f71-\u0fbc"
    "\u102b-\u1049\u1056-\u109d\u1712-\u1734\u1752-\u1773\u17b4-\u17d3\u1b00-\u1b44\ua823-\ua827\ua880-\ua8c5"
)
_WORD = re.compile(rf"[\w{_SIGNS}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_TWO_LETTERS = re.compile("aa|ae|oe|ue|dj")
_KEPT_CHARACTERS = 64

# Particles: words that belong to the following word, whether or not a space is between them (`von der Heyden`,
# `Al Hassan`, `Mc Donald`), and words that an apostrophe would join to it (`O Brien`, `D Angelo`, `Ka ahumanu`).
PARTICLES = frozenset(
    "a aan abd abu ad al an ap ar as ash at aus az bar bat ben bin bint d da dal dall dalla "
    "das de degli dei del dela dell della delle den der des di do dos du e el het ibn im in "
    "ka ke l la las le les lo los ma mac mak mc m n na nic ni o of op s san sant santa sao st "
    "t te ten ter tom tot u ui ul um und van vande vanden vander ver vom von vor y z zu zum "
    "zur "
    # Arabic abd, abu, ibn, bin, bint, al, al (family); Hebrew ben, bar, bat, ibn, abu
    "عبد ابو ابن بن بنت ال بو בן בר בת אבן אבו".split()
)
# The particles that are also names, so they are indexed as words of their own too.
ALSO_NAMES = frozenset("al an ap ben bin do e el la le ma mac o san sant u van y בן בר".split())


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of `text` in order. An apostrophe joins two parts to one word; a hyphen separates."""
    return _words_cached(text) if len(text) <= _KEPT_CHARACTERS else _words(text)


def _words(text: str) -> tuple[str, ...]:
    if text.isascii():
        plain = text.replace("'", "").replace("`", "").lower()
        return tuple(_ASCII_WORD.findall(plain))
    return tuple(_WORD.findall(folded(text)))


_words_cached = lru_cache(maxsize=4096)(_words)


def folded(text: str) -> str:
    """Return `text` in the form that is equal for all its spellings, not split into words."""
    plain = search_key(text.translate(_DROPPED))
    return plain if plain.isascii() else plain.translate(_VARIANTS)


def collapse(joined: str) -> str:
    """Return folded, joined words with `ae`, `oe`, `ue`, `aa` and `dj` replaced by their first letters.

    The result for the beginning of a word is a beginning of the result for the word, as prefix
    search requires.
    """
    return _TWO_LETTERS.sub(_first_letter, joined) if _TWO_LETTERS.search(joined) else joined


def _first_letter(match: re.Match[str]) -> str:
    return match[0][0]


def is_unspaced(word: str) -> bool:
    """Return whether a word (after NFKD) is in a script that writes names without spaces: Han, kana or Hangul."""
    first = word[0]
    return first >= "\u1100" and (
        first <= "\u11ff"
        or "\u3040" <= first <= "\u9fff"
        or "\uac00" <= first <= "\ufaff"
        or first >= "\U00020000"
    )


def group_end(words: Sequence[str], start: int) -> int:
    """Return the index after the group of words that begins at `start`: any number of particles and one more word."""
    end = start
    while end + 1 < len(words) and words[end] in PARTICLES:
        end += 1
    return end + 1


# Longer texts are not cached, because they would fill the memory.
_FOLDED_CHARACTERS = 256


def fold_case(text: str) -> str:
    """Return `text` in the form that is compared for attributes with caseExact=false (RFC 7643 section 2.2).

    The results of canonically equivalent texts (NFC, Unicode Standard Annex 15) are equal, whatever
    their length.
    """
    if text.isascii():
        return text.lower()
    if len(text) <= _FOLDED_CHARACTERS:
        return _fold_case_cached(text)
    return _composed(_composed(text).casefold())


def _composed(text: str) -> str:
    """Return the NFC of a text of any length, in linear time.

    `unicodedata` needs a million steps to sort a thousand combining characters in a row (Annex 15,
    "Stream-Safe Text Format"), but not if they are sorted already. So this function sorts them
    first.
    """
    forms = {character: unicodedata.normalize("NFD", character) for character in set(text)}
    ordered, marks = list[str](), list[str]()
    for character in text:
        for part in forms[character]:
            if unicodedata.combining(part):
                marks.append(part)
                continue
            if marks:
                ordered += sorted(marks, key=unicodedata.combining)
                marks.clear()
            ordered.append(part)
    ordered += sorted(marks, key=unicodedata.combining)
    return unicodedata.normalize("NFC", "".join(ordered))


@lru_cache(maxsize=4096)
def _fold_case_cached(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


_PLAIN = {
    "ß": "ss",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ł": "l",
    "ı": "i",
    "ħ": "h",
}
_PLAIN_TABLE = str.maketrans(_PLAIN)


def search_key(text: str) -> str:
    """Return `text` in lower case without accents, so that searches for `muller` and `Müller` are equal."""
    if text.isascii():
        return text.lower()
    if len(text) <= _FOLDED_CHARACTERS:
        return _search_key_cached(text)
    return "".join(
        [
            _search_key(text[at : at + _FOLDED_CHARACTERS])
            for at in range(0, len(text), _FOLDED_CHARACTERS)
        ]
    )


def _search_key(text: str) -> str:
    # Decompose before folding too: a mathematical capital must first become a plain one, which has a lower case.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join([c for c in decomposed if not unicodedata.combining(c)]).translate(_PLAIN_TABLE)


_search_key_cached = lru_cache(maxsize=16384)(_search_key)
