"""Offices of the invented company, and the many ways in which their telephone numbers are typed into Entra."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Office:
    """Where people work; numbers are in ranges that the country's plan knows."""

    city: str
    country: str
    language: str
    code: str  # of the country
    trunk: str  # national prefix, dialled inside the country only
    area: str
    exchange: str  # the company's own lines begin with it and go on with four digits
    mobile: str  # operator's prefix
    mobile_digits: int  # after the prefix


OFFICES = {
    office.city: office
    for office in (
        Office("London", "United Kingdom", "en-GB", "44", "0", "20", "7946", "7400", 6),
        Office("Seattle", "United States", "en-US", "1", "", "206", "555", "425", 7),
        Office("München", "Germany", "de-DE", "49", "0", "89", "2154", "151", 8),
        Office("Paris", "France", "fr-FR", "33", "0", "1", "9900", "612", 6),
        Office("Warszawa", "Poland", "pl-PL", "48", "", "22", "307", "601", 6),
        Office("İstanbul", "Türkiye", "tr-TR", "90", "0", "212", "345", "532", 7),
        Office("Madrid", "Spain", "es-ES", "34", "", "91", "757", "612", 6),
        Office("Stockholm", "Sweden", "sv-SE", "46", "0", "8", "4650", "70", 7),
        Office("Bengaluru", "India", "en-IN", "91", "0", "80", "4718", "98450", 5),
        Office("Dubai", "United Arab Emirates", "ar-AE", "971", "0", "4", "362", "50", 7),
        Office("上海", "China", "zh-CN", "86", "0", "21", "6128", "138", 8),
        Office("東京", "Japan", "ja-JP", "81", "0", "3", "4510", "90", 8),
    )
}

# What people type where a number belongs; no telephone network knows any of these.
NOT_NUMBERS = ("n/a", "see mobile", "ext 4417", "TBC", "-", "ask reception", "4417")

_NO_BREAK_SPACE = "\u00a0"


def direct_line(office: Office, line: int, random: Random) -> str:
    """A desk's own number, in one of the spellings that Entra directories are full of."""
    digits = f"{line % 10000:04d}"
    spellings = (
        f"+{office.code}{office.area}{office.exchange}{digits}",
        f"+{office.code} {office.area} {office.exchange} {digits}",
        f"+{office.code} ({office.trunk}){office.area} {office.exchange}-{digits}"
        if office.trunk
        else f"+{office.code} ({office.area}) {office.exchange}-{digits}",
        f"00{office.code} {office.area} {office.exchange}{digits}",
        f"+{office.code}-{office.area}-{office.exchange}-{digits}",
        f"+{office.code} {office.area} {office.exchange} {digits[:2]} {digits[2:]}",
        f"tel:+{office.code}-{office.area}-{office.exchange}-{digits}",
        f"+{office.code} {office.area} {office.exchange}0000 ext. {digits}"
        if len(office.exchange) < 4
        else f"+{office.code} {office.area} {office.exchange}0000 x{digits}",
        f"+{office.code}{_NO_BREAK_SPACE}{office.area}{_NO_BREAK_SPACE}{office.exchange}{_NO_BREAK_SPACE}{digits}",
        f"{office.trunk}{office.area} {office.exchange}{digits}",
        f"+{office.code}.{office.area}.{office.exchange}.{digits} ",
    )
    (spelling,) = random.choices(spellings, weights=(24, 22, 12, 6, 10, 8, 3, 5, 2, 5, 2))
    return spelling


def shared_line(office: Office, team: int) -> str:
    """The number of a desk that a team shares."""
    return f"+{office.code} {office.area} {office.exchange} {team % 10000:04d}"


def mobile_number(office: Office, random: Random) -> str:
    """A mobile number, most often without any spaces."""
    digits = str(random.randrange(2 * 10 ** (office.mobile_digits - 1), 10**office.mobile_digits))
    spellings = (
        f"+{office.code}{office.mobile}{digits}",
        f"+{office.code} {office.mobile} {digits[:3]} {digits[3:]}",
        f"+{office.code} {office.mobile} {digits}",
    )
    (spelling,) = random.choices(spellings, weights=(60, 25, 15))
    return spelling
