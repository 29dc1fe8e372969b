"""Recognise deleted people in events of the provisioning log, and remove their personal data from them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from directories.events import Event, message_fields
from shared.messages import Message
from shared.words import fold_case

_ERASED = Message("person_erased")
# A name may contain spaces, quotes and dots (`o'brien@contoso.example`), so it is a sequence of words in a text.
_WORD = re.compile(r"[\w-]+")
_JOINS = frozenset(".@+")  # `anna` isn't in `anna.meyer@contoso.example`
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9$_.:-]{0,199}")


@dataclass(slots=True)
class ErasedPeople:
    """The people to erase: their IDs, and all names and external IDs in their events, case folded.

    `sequences` has the words of each of these, and `lengths` the numbers of words of those that begin
    with a word.
    """

    ids: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    sequences: set[tuple[str, ...]] = field(default_factory=set)
    lengths: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, resource_id: str) -> None:
        """Add a person."""
        self.ids.add(resource_id)
        self._add_words(fold_case(resource_id))

    def learn(self, event: Event) -> None:
        """Add the names and external IDs in an event if it is about one of these people."""
        if event.resource_id not in self.ids:
            return
        for text in (event.name, event.external_id, event.was_external_id):
            folded = fold_case(text)
            if folded and folded not in self.names:
                self.names.add(folded)
                self._add_words(folded)

    def _add_words(self, folded: str) -> None:
        words = tuple(_WORD.findall(folded))
        if words:
            self.sequences.add(words)
            self.lengths[words[0]].add(len(words))

    def without_own(self, event: Event) -> Event:
        """Return an event of one of these people without personal data; any other event unchanged."""
        return _anonymous(event) if event.resource_id in self.ids else event

    def without_mentions(self, event: Event) -> Event:
        """Return an event without mentions of these people; their own events are returned unchanged."""
        if event.resource_id in self.ids:
            return event
        if (
            fold_case(event.resource_id) in self.names
        ):  # from a client that sends it in place of an ID
            return _anonymous(replace(event, resource_id=""))
        if not event.resource_id and self._names(event):
            return _anonymous(event)
        if self._says(event):
            attribute = event.attribute if _PLAIN_NAME.fullmatch(event.attribute) else ""
            method = "" if self._is_in(event.method) else event.method
            return replace(
                event, attribute=attribute, method=method, remedy="", **message_fields(_ERASED)
            )
        return event

    def _names(self, event: Event) -> bool:
        texts = (event.name, event.external_id, event.was_external_id)
        return any(fold_case(text) in self.names for text in texts if text)

    def _says(self, event: Event) -> bool:
        """Return whether a text of the event mentions one of these people, such as "the user name … is taken"."""
        texts = [event.detail, event.remedy, event.attribute, event.method]
        texts += _texts(event.said or {})
        return any(self._is_in(text) for text in texts)

    def _is_in(self, text: str) -> bool:
        """Return whether the text contains the words of a name or an ID, one directly after another."""
        folded = fold_case(text)
        if folded in self.names:
            return True
        found = list(_WORD.finditer(folded))
        words = [word[0] for word in found]
        return any(
            tuple(words[at : at + length]) in self.sequences
            and _is_whole(folded, found[at].start(), found[at + length - 1].end())
            for at, word in enumerate(words)
            for length in self.lengths.get(word, ())
            if at + length <= len(words)
        )


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return whether the words from `start` to `end` aren't part of a longer name or address."""
    is_joined_before = text[start - 1 : start] in _JOINS and text[start - 2 : start - 1].isalnum()
    is_joined_after = text[end : end + 1] in _JOINS and text[end + 1 : end + 2].isalnum()
    return not (is_joined_before or is_joined_after)


def _texts(stored: Mapping[str, Any]) -> Iterator[str]:
    """Yield all texts in a stored message, including those of nested messages."""
    for value in stored.values():
        if isinstance(value, dict):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value


def _anonymous(event: Event) -> Event:
    """Return the event with only its kind, IDs, times, counts, status and plain attribute names."""
    names = [name for name in event.changed if _PLAIN_NAME.fullmatch(name)]
    has_text = bool(event.detail or event.said or event.name)
    return replace(
        event,
        name="",
        external_id="",
        was_external_id="",
        changed=tuple(names),
        attribute=event.attribute if _PLAIN_NAME.fullmatch(event.attribute) else "",
        remedy="",
        **(message_fields(_ERASED) if has_text else {}),
    )
