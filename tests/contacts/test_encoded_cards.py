"""Encoded cards, of which a search decodes only the parts that it needs
(`scim.users.contact_cards.EncodedCard`).
"""

import itertools

import pytest

from contacts import person_words
from contacts.name_query import Matcher, NameQuery
from scim.users.contact_cards import Card, EncodedCard, encode

_CARDS = [
    Card(id="1", name="Anna Müller", given="Anna", family="Müller", mail="a.mueller@x.example"),
    Card(id="2", name='Ann "","Quote"', title="Chief Nurse", user_name="o'brien@x.example"),
    Card(
        id="3", name="Ivo", given="Ivo", family="Maas", other_names="Jo", organization="Aaron & Co"
    ),
    Card(id="4", name="D'Arcy", department="Geschäftsführung", employee_number="E-4711"),
    Card(id="5", name="Zoë", place="Daegu d'Or", number="+442079460012", external_id="x"),
    Card(id="6", name="", title="Mueller"),
]
_WORDS = (
    "muller anna nurse brien obrien mas aron gescha 4711 e4711 dor degu quote co chief 7946".split()
)


@pytest.mark.parametrize("card", _CARDS, ids=lambda card: card.id)
def test_an_encoded_card_has_the_parts_of_the_card(card: Card) -> None:
    """Its names, texts, addresses, number, external id and the decoded card equal the original."""
    encoded = EncodedCard(encode(card))
    assert encoded.card(card.id) == card
    for name in ("names", "texts", "addresses", "number", "external_id"):
        assert getattr(encoded, name) == getattr(card, name)


def test_a_row_is_skipped_without_decoding_only_if_it_lacks_the_word() -> None:
    """Comparing the encoded bytes never skips a person whose decoded card matches, whatever the
    spelling.
    """
    for card, word in itertools.product(_CARDS, _WORDS):
        _check(card, word)


def test_a_row_is_skipped_only_if_one_of_two_words_is_in_no_text() -> None:
    """Also if the name has a word only in another division (`o brien`, `muel ler`)."""
    words = (*_WORDS, "o", "muel", "ler", "mue")
    for card, one, other in itertools.product(_CARDS, words, words):
        query = NameQuery.of(f"{one} {other}")
        assert Matcher(query).matches(EncodedCard(encode(card))) == query.matches(card)


def _check(card: Card, word: str) -> None:
    query = NameQuery.of(word)
    assert Matcher(query).matches(EncodedCard(encode(card))) == query.matches(card)
    if person_words.has_other(card, query.collapsed[0]):
        part = person_words.constant_part(query.collapsed[0]).encode()
        assert EncodedCard(encode(card)).may_hold(part)
