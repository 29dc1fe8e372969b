"""Split a written number into runs of digits, with the characters between them.

A *run* is a sequence of digits that belong together. Words, dividers (`/ , ; |`) and a plus end it;
spaces, dots, hyphens and parentheses don't. The text is read once, each token is matched once:
linear in its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from shared.numbers.extension_words import FILLERS, WORDS
from shared.numbers.text import fold_word

MAX_EXTENSION = 7  # digits of an internal extension
_MAX_RUN = 60  # characters from the first to the last digit of a number
_TOKEN = re.compile(
    r"(?P<digits>[0-9]+)|(?P<word>[^\W\d_]+)|(?P<soft>[ ().\-\[\]~_'\"\u00b7\u30fb]+)|(?P<mark>.)",
    re.DOTALL,
)
# The dividers before an alternative ending of a number, as in 020 7946 0014 / 15.
BEFORE_ENDING = frozenset(("/", ",", ";", "&", "|", "or"))
_BEFORE_DIRECT_DIAL = frozenset(("-", "/", "~", "("))
_OR = frozenset("or and und oder ou et o y e og och of en i и или lub".split())
_CLIR = re.compile(r"(?:\*[0-9]{2}#?|#[0-9]{2}#|\*[0-9]{2}\*)(?=[ +(0-9])")
_ENUMERATOR = re.compile(r"[0-9]{1,2}(?:\) ?|\. )(?=[+(0-9])")
_NEXT_ENUMERATOR = re.compile(r"(?<=[0-9)]) +[0-9]{1,2}[.)] (?=[+(0])")
# Opening times next to a number: `(8-17 Uhr)`, `(24/7)`, `24h`. Parentheses with few digits are such a note.
_NOTE = re.compile(r"\(([^()]{1,40})\)")
_AROUND_THE_CLOCK = re.compile(r"(?<![0-9])24/7(?![0-9])")
_NOTE_WORD = re.compile(r"[^\W\d_]+")
_SHORT_RANGE = re.compile(r" *[0-9]{1,2} *[/-] *[0-9]{1,2} *")
_MAX_NOTE_DIGITS = 6
_MIN_BEFORE_NOTE = 6  # digits of a number that may be complete
# Floors after an ordinal: `2. OG`, `3. Stock`, `2. sal`.
_FLOORS = frozenset(
    "og ug stock etage obergeschoss geschoss sal emelet patro kat piso piano kerros".split()
)
_UNITS = frozenset("uhr uur h hr hrs hour hours std stunden heures óra am pm st nd rd th".split())


@dataclass(slots=True, kw_only=True)
class Run:
    """A sequence of digits that belong together.

    Attributes:
        groups: The digits between separators.
        separators: `separators[i]` is the text before `groups[i]`.
        divider: The character that ended the previous run; "or" for a word such as `or`, "word" for
            another word.
        after_marker: Whether a word or sign before it introduces an extension.
        extension: The digits of the internal extension, or "".
        is_masked: Whether some digits are replaced by letters or asterisks.
        is_tight: Whether `divider` has no spaces around it.
        is_before_word: Whether a word follows.
    """

    has_plus: bool = False
    groups: list[str] = field(default_factory=list)
    separators: list[str] = field(default_factory=list)
    divider: str = ""
    after_marker: bool = False
    extension: str = ""
    is_masked: bool = False
    is_tight: bool = False
    is_before_word: bool = False

    @property
    def digits(self) -> str:
        """All digits of the run."""
        return "".join(self.groups)

    @property
    def without_trunk_zero(self) -> str:
        """The digits without a zero in parentheses, which is the trunk prefix in `+44 (0)20`."""
        return "".join([group for at, group in enumerate(self.groups) if not self._is_zero(at)])

    @property
    def is_too_long(self) -> bool:
        """Whether the run is longer than any written number, separators included."""
        return len(self.digits) + sum(map(len, self.separators)) > _MAX_RUN

    @property
    def direct_dial(self) -> str:
        """The last group, of at most five digits, if a hyphen or the like precedes it: `089 12345-67`; else ""."""
        if len(self.groups) < 2 or self.separators[-1].strip() not in _BEFORE_DIRECT_DIAL:
            return ""
        return self.groups[-1] if len(self.groups[-1]) <= 5 else ""

    def part(self, start: int, stop: int | None) -> "Run":
        """Return a run with the groups from index `start` to before index `stop`."""
        groups, separators = self.groups[start:stop], self.separators[start:stop]
        return replace(
            self,
            has_plus=self.has_plus and not start,
            groups=groups,
            separators=["", *separators[1:]],
            extension="" if stop else self.extension,
        )

    def without_direct_dial(self) -> "Run":
        """Return the run without its last group, which becomes the extension."""
        return replace(
            self,
            groups=self.groups[:-1],
            separators=self.separators[:-1],
            extension=self.groups[-1],
        )

    def joined(self, other: "Run") -> "Run":
        """Return this run and the next one, `other`, as one run with a divider inside."""
        separators = [*self.separators, other.divider, *other.separators[1:]]
        return Run(
            has_plus=self.has_plus,
            groups=self.groups + other.groups,
            separators=separators,
            divider=self.divider,
            after_marker=self.after_marker,
            extension=other.extension,
            is_masked=self.is_masked or other.is_masked,
            is_tight=self.is_tight,
            is_before_word=other.is_before_word,
        )

    def _is_zero(self, at: int) -> bool:
        if self.groups[at] != "0" or at == len(self.groups) - 1:
            return False
        before, after = self.separators[at].rstrip(), self.separators[at + 1].lstrip()
        return before.endswith(("(", "[")) and after.startswith((")", "]"))


def runs_of(text: str) -> list[Run]:
    """Return the runs of digits in a text that `plain` returned, with their extensions.

    A run of fewer than three digits is left out unless it is the only run, or a part of a number.
    """
    text = _CLIR.sub("", text, count=1) if text[:1] in "*#" else text
    if enumerator := _ENUMERATOR.match(text):
        text = _NEXT_ENUMERATOR.sub("|", text[enumerator.end() :])
    found = list(_with_extensions(_Reader().parse(_without_notes(text))))
    return [
        run for at, run in enumerate(found) if _counts(run, found[at + 1 : at + 2], at)
    ] or found


def _without_notes(text: str) -> str:
    """Return the text without notes such as `24/7`, or opening times in parentheses after a number."""
    if "24/7" in text:
        text = _AROUND_THE_CLOCK.sub("", text)
    if "(" not in text:
        return text

    def without_note(note: re.Match[str]) -> str:
        digits = sum(map(str.isdigit, note[1]))
        before = sum(map(str.isdigit, text[: note.start()]))
        if not 0 < digits <= _MAX_NOTE_DIGITS or before < _MIN_BEFORE_NOTE:
            return note[0]
        words = [fold_word(word) for word in _NOTE_WORD.findall(note[1])]
        is_note = bool(words) and WORDS.isdisjoint(words)
        return " " if is_note or _SHORT_RANGE.fullmatch(note[1]) else note[0]

    return _NOTE.sub(without_note, text)


def _counts(run: Run, following: list[Run], at: int) -> bool:
    """Return whether the run is long enough for a number, or is a part of one.

    A short run is a part before a slash, as in `02/1234`, or as another ending, as in `7946 0014 /
    15`.
    """
    is_before_slash = bool(following) and following[0].divider == "/"
    is_ending = at > 0 and run.divider in BEFORE_ENDING and len(run.digits) == 2
    return len(run.digits) > 2 or is_before_slash or is_ending


def _drop_time(run: Run) -> None:
    """Remove the groups of one or two digits at the end of a long run, which are a time: `636480 8-17 Uhr`."""
    end = len(run.groups)
    while end and len(run.groups[end - 1]) <= 2:
        end -= 1
    if sum(map(len, run.groups[:end])) >= _MIN_BEFORE_NOTE:
        del run.groups[end:], run.separators[end:]


def _drop_ordinal(run: Run) -> None:
    """Remove the last group of a long run if it has one or two digits: it is a floor, as in `636480 2. OG`."""
    if len(run.groups[-1]) <= 2 and sum(map(len, run.groups[:-1])) >= _MIN_BEFORE_NOTE:
        del run.groups[-1], run.separators[-1]


def typed_digits(text: str) -> tuple[bool, str]:
    """Return whether a typed text begins with a plus, and all its digits without those of an extension."""
    runs = list(_with_extensions(_Reader().parse(text)))
    return bool(runs) and runs[0].has_plus, "".join([run.digits for run in runs])


def _with_extensions(runs: list[Run]) -> Iterator[Run]:
    last: Run | None = None
    for run in runs:
        is_short = len(run.digits) <= MAX_EXTENSION and not run.has_plus
        if run.after_marker and last and is_short and len(last.digits) > 2:
            last.extension = last.extension or run.digits
            last.is_masked = last.is_masked or run.is_masked
        else:
            if last:
                yield last
            last = run
    if last:
        yield last


class _Reader:
    """Splits a text into runs in one loop over its tokens; the attributes are its state between two tokens."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._open = False  # whether digits continue the last run
        self._soft = ""  # separators since the last digits
        self._plus = self._marker = self._tight = False
        self._divider = ""
        self._last = ""  # the previous token
        self._is_cut = False  # the last digits were followed by an x or dots, which mask the rest

    def parse(self, text: str) -> list[Run]:
        """Return all runs of the text, with extensions as runs of their own."""
        for match in _TOKEN.finditer(text):
            token = match[0]
            self._add(match.lastgroup or "", token)
            self._last = token
        self._end("")
        return self._runs

    def _add(self, kind: str, token: str) -> None:
        if kind == "digits":
            self._digits(token)
        elif kind == "soft":
            self._separator(token)
        elif kind == "word":
            self._word(token)
        else:
            self._mark(token)

    def _digits(self, token: str) -> None:
        if self._divider == "," and self._last == "," and len(token) <= MAX_EXTENSION:
            self._marker = True  # a comma directly before digits is a pause in dialling
        if self._last in ("e", "E") and self._runs:
            self._marker = True  # 7946 0018 e12; the Italian word for "and" has a space after it
        if not self._open:
            self._runs.append(
                Run(
                    has_plus=self._plus,
                    divider=self._divider,
                    after_marker=self._marker,
                    is_tight=self._tight,
                )
            )
            self._open, self._soft = True, ""
        run = self._runs[-1]
        run.groups.append(token)
        run.separators.append(self._soft)
        self._soft, self._plus, self._marker, self._divider, self._is_cut = (
            "",
            False,
            False,
            "",
            False,
        )

    def _separator(self, token: str) -> None:
        self._soft += token
        self._tight = False
        self._is_cut = self._is_cut or "..." in token

    def _word(self, token: str) -> None:
        word = fold_word(token)
        if set(word) == {"x"} and len(word) > 1:
            self._mask()
        if word in WORDS and self._runs:
            is_cut = word == "x" and self._last.isdigit()
            self._end("word" if not self._divider else self._divider)
            self._marker, self._is_cut = True, is_cut
        elif not (self._marker and word in FILLERS):
            if self._open and word in _UNITS:
                _drop_time(self._runs[-1])
            elif self._open and word in _FLOORS and self._soft.startswith("."):
                _drop_ordinal(self._runs[-1])
            if self._open:
                self._runs[-1].is_before_word = word not in _OR
            self._end("or" if word in _OR else "word")
            self._marker = False

    def _mark(self, token: str) -> None:
        if token == "+":
            self._end(self._divider or "+")
            self._plus, self._marker = True, False
        elif token == "#" and self._runs:
            if self._last == "#":
                self._mask()
            self._end(self._divider)
            self._marker = True
        elif token in "*?":
            if self._last == token or self._last.isdigit():
                self._mask()
            self._soft += " "
        elif token == ":":
            if self._open and len(self._runs[-1].digits) < 3:
                self._runs.pop()  # the place in a list: `Phone 1:`
            if not self._marker:
                self._end(":")
        elif token != "=":
            self._end(token)
            self._tight = self._last.isdigit()
            self._marker = self._marker and token not in ";/|&"

    def _end(self, divider: str) -> None:
        if self._is_cut:
            self._mask()
            self._is_cut = False
        self._open, self._soft, self._divider, self._plus = False, "", divider, False

    def _mask(self) -> None:
        if self._runs:
            self._runs[-1].is_masked = True
