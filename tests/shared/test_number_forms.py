"""Numbers as people write them in directories: forms that were read as another number, or not at all."""

import pytest

from shared.numbers.number import derive
from shared.numbers.query import query_of
from shared.numbers.typed import is_number


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+90 212 345 67 89-12", "TR", "+902123456789"),
        ("+90 212 345 67 89 (12)", "TR", "+902123456789"),
        ("+86 10 6552 9988-12", "CN", "+861065529988"),
        ("+91 22 6123 4567-12", "IN", "+912261234567"),
        ("+353 1 234 5678-12", "IE", "+35312345678"),
        ("+886 2 2345 6789-12", "TW", "+886223456789"),
        ("+82-2-312-3456-12", "KR", "+8223123456"),
    ],
)
def test_an_extension_after_a_hyphen_is_no_part_of_an_international_number(
    text: str, region: str, e164: str
) -> None:
    """TrevorPilley/phone-number-parser#689: the whole has a possible length, but its call never arrives."""
    number = derive(text, region)
    assert (number.e164, number.extension) == (e164, "12")
    assert query_of(e164, region).is_exact(number.digits)


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+49 89 12345-67", "DE", "+49891234567"),
        ("+1-212-555-0102", "US", "+12125550102"),
        ("+44-20-7946-0958", "GB", "+442079460958"),
        ("+90-212-345-67-89", "TR", "+902123456789"),
        ("+49 (89) 12345-67", "DE", "+49891234567"),
        ("+45 32-12-34-56", "DK", "+4532123456"),
    ],
)
def test_other_hyphens_stay_inside_the_number(text: str, region: str, e164: str) -> None:
    """The number is valid as a whole, or the country dials the ending directly (DIN 5008)."""
    number = derive(text, region)
    assert (number.e164, number.extension) == (e164, "")


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+6753123456-12", "PG", "+6753123456"),
        ("2079460018-12", "GB", "+442079460018"),
        ("0123456789(12)", "FR", "+33123456789"),
    ],
)
def test_an_extension_follows_a_number_written_without_spaces(
    text: str, region: str, e164: str
) -> None:
    """In a closed plan a valid number is complete, so that digits after a hyphen are its extension."""
    number = derive(text, region)
    assert (number.e164, number.extension) == (e164, "12")


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+231/77/012/3456", "LR", "+231770123456"),
        ("020/7946/0018", "GB", "+442079460018"),
        ("+33/1/23/45/67/89", "FR", "+33123456789"),
        ("0211/80/00/12", "DE", "+49211800012"),
    ],
)
def test_slashes_may_divide_each_group_of_a_number(text: str, region: str, e164: str) -> None:
    """DIN 5008 of 1996 divides the area code by a slash; some people divide every group by one."""
    assert derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "digits"),
    [
        ("+291\t7\t123\t456", "ER", ["2917123456"]),
        ("020 7946 0014\t020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("7946 0018\t+44 20 7946 0018", "GB", ["442079460018"]),
    ],
)
def test_a_tab_is_a_space_in_a_number_and_divides_two_numbers(
    text: str, region: str, digits: list[str]
) -> None:
    """Spreadsheets put tabs between cells, whether a cell holds a number or a part of one."""
    assert [key.digits for key in derive(text, region).keys] == digits


def test_the_letter_e_directly_before_digits_is_an_extension() -> None:
    """`e12` is a short form of `ext. 12`; with a space after it, the letter is the Italian word for "and"."""
    assert derive("+232 25 123456 e12", "SL").extension == "12"
    two = derive("+39 02 1234567 e 02 7654321", "IT")
    assert [key.digits for key in two.keys] == ["39021234567", "39027654321"]


@pytest.mark.parametrize(
    ("text", "region"), [("01/02/2024", "GB"), ("01/02/2024", "IT"), ("1/02/1987", "IT")]
)
def test_a_date_is_no_number(text: str, region: str) -> None:
    """A date in the field for a number never becomes the number of another person."""
    assert derive(text, region).e164 is None


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+49 211 8000 2. OG", "DE", "+492118000"),
        ("0211 8000 3. Stock", "DE", "+492118000"),
        ("+45 32 12 34 56 2. sal", "DK", "+4532123456"),
        ("+36 1 234 5678 3. emelet", "HU", "+3612345678"),
        ("1-800-GOT-JUNK?", "US", "+18004685865"),
        ("1-800-FLOWERS!", "US", "+18003569377"),
        ("+49 211 80 00. Hotline", "DE", "+492118000"),
    ],
)
def test_floors_and_marks_are_no_digits(text: str, region: str, e164: str) -> None:
    """google/libphonenumber#1302: a label after the number never makes it longer, nor unreadable."""
    assert derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "extension"),
    [
        ("03-1234-5601 (内12)", "JP", "12"),
        ("+49 89 12345 HA 67", "DE", "67"),
        ("+49 89 12345 Hausapparat 67", "DE", "67"),
    ],
)
def test_short_words_for_an_extension(text: str, region: str, extension: str) -> None:
    """Abbreviations of 内線 and Hausapparat."""
    assert derive(text, region).extension == extension


def test_a_mexican_mobile_number_keeps_its_meaning_without_the_1() -> None:
    """IFT dropped the 1 after +52 in 2019; directories and some exchanges still have it."""
    number = derive("+52 1 55 1234 5678", "MX")
    assert (number.e164, number.fault) == ("+525512345678", None)
    for call in ("+525512345678", "+5215512345678", "55 1234 5678"):
        assert query_of(call, "MX").is_exact(number.digits)


@pytest.mark.parametrize(
    ("stored", "call", "region"),
    [
        ("+229 97 12 34 56", "+2290197123456", "BJ"),  # ARCEP Bénin: 01 before all numbers, 2024
        ("+229 97 12 34 56", "01 97 12 34 56", "BJ"),
        ("+225 07 12 34 56", "+2250707123456", "CI"),  # ARTCI: ten digits since 2021
    ],
)
def test_a_number_of_a_former_plan_is_possibly_the_caller(
    stored: str, call: str, region: str
) -> None:
    """The stored form is no number any more, so that it has digits only; the caller was unknown."""
    number, query = derive(stored, region), query_of(call, region)
    assert number.e164 is None
    assert all(query.is_possible(key.digits, key.kind) for key in number.keys)
    assert not query.is_exact(number.digits)


@pytest.mark.parametrize(
    "text",
    [
        "Tel: +44 20 79",
        "tel 020 7946 00",
        "M: 07700 900123",
        "Office: 020 7",
        "+49 211 8000 Hotline",
        "0211 800 Hotline",
        "020 7946 0018 (Anna)",
        "1-800-FLOWERS",
        "0800 FLOW",
    ],
)
def test_a_number_with_a_label_is_searched_as_a_number(text: str) -> None:
    """Agents paste numbers from signatures and from the directory itself, with their labels."""
    assert is_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "Anna 0018",
        "Anna: 0018",
        "office 365",
        "1234567 Canada",
        "11880 SOLUTIONS",
        "2024 SALES",
        "Team 123",
        "T 123",
        "0800 flowers",
    ],
)
def test_a_name_with_digits_is_searched_as_a_name(text: str) -> None:
    """Companies, departments and rooms have digits in their names."""
    assert not is_number(text)
