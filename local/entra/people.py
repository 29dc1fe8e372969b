"""Believable people of an invented company, each made from a seed and an index alone."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gcd
from random import Random

from local.entra import chart, offices
from local.entra.names import CULTURES, Culture, address_part, spelt

DOMAIN = "brightwater.example"
"""The domain of the company with seed 1; others have their own, so that several fit into one directory."""

_TURN = sum(culture.weight for culture in CULTURES)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as Entra holds it: names are Entra's, in snake_case. None: not set in Entra."""

    index: int
    object_id: str
    user_principal_name: str
    given_name: str
    surname: str
    display_name: str
    mail: str
    job_title: str
    department: str
    city: str
    country: str
    preferred_language: str
    employee_id: str
    business_phone: str | None
    mobile_phone: str | None
    manager: int | None
    former_user_principal_name: str | None = None
    account_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody of one company; the same seed gives the same people on every machine."""

    seed: int = 1
    subdomain: str = ""

    @property
    def domain(self) -> str:
        """The domain of everybody's address."""
        domain = DOMAIN if self.seed == 1 else f"company{self.seed}.example"
        return f"{self.subdomain}.{domain}" if self.subdomain else domain

    def people(self, start: int, stop: int) -> Iterator[Person]:
        """People by index, made one at a time."""
        return (self.person(index) for index in range(start, stop))

    def person(self, index: int) -> Person:
        """The person with this index, counted from 0; the lower, the higher in the organisation chart."""
        random = Random(f"{self.seed}/{index}")
        place = chart.position(index)
        culture, number = _culture_of(self.seed, index)
        given, family, turn = _name(culture, number, self.seed)
        address = (
            f"{address_part(given)}.{address_part(family)}{turn + 1 if turn else ''}@{self.domain}"
        )
        given, family = spelt(given, family)
        return Person(
            index=index,
            object_id=object_id(self.seed, index),
            user_principal_name=address,
            given_name=given,
            surname=family,
            display_name=_display_name(given, family, turn, culture),
            mail=address,
            job_title=place.title,
            department=place.department,
            city=culture.office.city,
            country=culture.office.country,
            preferred_language=culture.office.language,
            employee_id=f"{100000 + index}",
            business_phone=_business_phone(culture, number, random),
            mobile_phone=offices.mobile_number(culture.office, random)
            if random.random() < 0.7
            else None,
            manager=place.manager,
        )

    def married(self, person: Person) -> Person:
        """The person under another surname, and so with another user principal name, display name and mail."""
        culture, number = _culture_of(self.seed, person.index)
        given, family, turn = _name(culture, number, self.seed)
        names = culture.family
        other = names[(names.index(family) + 1) % len(names)]
        # The index keeps the address unique however many people share the name.
        address = f"{address_part(given)}.{address_part(other)}.{person.index}@{self.domain}"
        return replace(
            person,
            surname=spelt(given, other)[1],
            display_name=_display_name(*spelt(given, other), turn, culture),
            user_principal_name=address,
            mail=address,
            former_user_principal_name=person.user_principal_name,
        )


def object_id(seed: int, index: int) -> str:
    """Entra's objectId of a person: a GUID, always the same one for the same person."""
    digest = hashlib.sha256(f"object {seed}/{index}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _business_phone(culture: Culture, number: int, random: Random) -> str | None:
    chance = random.random()
    if chance < 0.06:
        return None
    if chance < 0.08:
        return random.choice(offices.NOT_NUMBERS)
    if chance < 0.14:
        return offices.shared_line(culture.office, 9000 + number // 40)
    return offices.direct_line(culture.office, 100 + number, random)


def _display_name(given: str, family: str, turn: int, culture: Culture) -> str:
    if culture.office.language in ("zh-CN", "ja-JP") and not given.isascii():
        return family + given
    middle = f" {chr(ord('A') + turn * 7 % 26)}." if turn else ""
    return f"{given}{middle} {family}"


def _name(culture: Culture, number: int, seed: int) -> tuple[str, str, int]:
    """The culture's `number`-th combination of names in a seeded order; `turn` counts its repetitions."""
    total = len(culture.given) * len(culture.family)
    turn, place = divmod(number, total)
    spot = (place * _step(total) + seed * 7919) % total
    return (
        culture.given[spot % len(culture.given)],
        culture.family[spot // len(culture.given)],
        turn,
    )


@lru_cache
def _step(total: int) -> int:
    """About 0.62 of `total` and coprime to it: neighbours get different names and every combination comes up once."""
    step = max(1, int(total * 0.618))
    while gcd(step, total) != 1:
        step += 1
    return step


def _culture_of(seed: int, index: int) -> tuple[Culture, int]:
    """The person's culture, and how many people of it have a lower index."""
    turn, place = divmod(index, _TURN)
    number, rank = _turn_of_cultures(seed)[place]
    culture = CULTURES[number]
    return culture, turn * culture.weight + rank


@lru_cache(maxsize=8)
def _turn_of_cultures(seed: int) -> tuple[tuple[int, int], ...]:
    numbers = [number for number, culture in enumerate(CULTURES) for _ in range(culture.weight)]
    Random(seed).shuffle(numbers)
    return tuple((number, numbers[:place].count(number)) for place, number in enumerate(numbers))
