"""Finds titles and forms of address in a search text, such as `Mr`, `Prof. Dr.` and `Jr`.

An agent repeats what a caller says, but directories rarely store titles in names. So such a word need not match.
"""

from collections.abc import Sequence

from shared.words import folded

_MIN_NAME = (
    4  # letters of a name that may follow a title without a dot; `dr ma` may begin Drew Martin
)
_MAX_TITLES = 6  # before a name
_BEFORE = frozenset(
    "mr mrs ms mx miss sir dr drs prof herr frau mme mlle monsieur madame dott sig signor signora "
    "senor senora".split()
)
# Only with a dot: each of them also begins names, such as Ingrid, Magnus, Medina, Srdan and Hristo.
_BEFORE_WITH_DOT = _BEFORE | frozenset(
    "bc dipl dipl-ing dottssa dr-ing hr ing jr judr lic mag med mgr mudr phdr rer rernat rndr "
    "sr sra srta".split()
)
_AFTER = frozenset("jr sr ii iii iv phd md msc bsc mba llm obe cbe mbe esq".split())


def split_titles(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of a search text without its titles, and the titles.

    Titles are the first words, or the last ones after at least two others. At least one word is not a title.
    """
    start, end = 0, len(tokens)
    while start < min(end - 1, _MAX_TITLES) and _is_before(tokens[start], tokens[start + 1 :]):
        start += 1
    while end - start > 2 and folded(tokens[end - 1]).replace(".", "").strip(",;") in _AFTER:
        end -= 1
    return list(tokens[start:end]), [*tokens[:start], *tokens[end:]]


def _is_before(token: str, following: Sequence[str]) -> bool:
    word = folded(token).strip(",;")
    if word.endswith("."):
        return word.replace(".", "") in _BEFORE_WITH_DOT
    return word in _BEFORE and any(len(one) >= _MIN_NAME for one in following)
