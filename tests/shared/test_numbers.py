"""Phone numbers as they come from Entra and from telephone systems."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import numbers

LONDON = "+442079460958"


@pytest.mark.parametrize(
    "text",
    [
        "+442079460958",
        "+44 20 7946 0958",
        " +44 20 7946 0958 ",
        "+44-20-7946-0958",
        "+44.20.7946.0958",
        "+44 (0)20 7946 0958",
        "+44 (20) 7946 0958",
        "(+44) 20 7946 0958",
        "+44\u00a020\u00a07946\u00a00958",
        "0044 20 7946 0958",
        "011 44 20 7946 0958",
        "020 7946 0958",
        "(020) 7946 0958",
        "0207946 0958",
        "442079460958",
        "tel:+442079460958",
        "TEL:+44-20-7946-0958",
        "tel:2079460958;phone-context=+44",
        "tel:7946-0958;phone-context=+4420",
        "tel:+442079460958;isub=1",
        "sip:+442079460958@sbc.example.com;user=phone",
        "０２０ ７９４６ ０９５８",
        "٠٢٠ ٧٩٤٦ ٠٩٥٨",
        "+٤٤٢٠٧٩٤٦٠٩٥٨",
        "Reception: 020 7946 0958",
    ],
)
def test_a_number_has_one_e164_form_however_it_is_written(text: str) -> None:
    """Agents and call history see one form; what was sent is kept beside it."""
    number = numbers.derive(text, "GB")
    assert (number.e164, number.raw, number.digits, number.fault) == (
        LONDON,
        text,
        LONDON[1:],
        None,
    )


@pytest.mark.parametrize(
    "text",
    [
        "+442079460958;ext=12",
        "tel:+442079460958;ext=12",
        "tel:+44-20-7946-0958;ext=12;phone-context=example.com",
        "020 7946 0958 ext. 12",
        "020 7946 0958 ext 12",
        "020 7946 0958 extension 12",
        "020 7946 0958 x12",
        "020 7946 0958 #12",
        "020 7946 0958 Durchwahl 12",
        "+44 20 7946 0958 DW 12",
        "+44 20 7946 0958, Nst. 12",
        "+44 20 7946 0958 poste 12",
    ],
)
def test_an_extension_stands_beside_the_number(text: str) -> None:
    """A call arrives without the extension, so the number is indexed without it (RFC 3966 section 3)."""
    number = numbers.derive(text, "GB")
    assert (number.e164, number.extension, number.digits) == (LONDON, "12", LONDON[1:])


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("089 12345-0", "DE", "+4989123450"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("0044 20 7946 0958", "US", LONDON),
        ("011 44 20 7946 0958", "US", LONDON),
        ("0114 496 0123", "GB", "+441144960123"),
        ("+34 (0)912 345 678", "GB", "+34912345678"),
        ("+800 1234 5678", "GB", "+80012345678"),
        ("+1 555 123 4567", "GB", "+15551234567"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("01632 960001", "GB", "+441632960001"),
    ],
)
def test_national_numbers_are_read_as_of_the_region(text: str, region: str, e164: str) -> None:
    """The directory's default region says what a number without country prefix means."""
    assert numbers.derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "digits"),
    [
        ("1234", "GB", "1234"),
        ("1234", "DE", "1234"),
        ("12345", "AT", "12345"),
        ("ext. 1234", "GB", "1234"),
        ("1234 x5", "GB", "1234"),
        ("555-0100", "US", "5550100"),
        ("12345678", "DE", "12345678"),
        ("020 7946 0958", "ZZ", "02079460958"),
        ("+999 1234 5678", "GB", "99912345678"),
        ("020 7946 0958 / 07700 900123", "GB", "0207946095807700900123"),
        ("tel:1234;phone-context=example.com", "GB", "1234"),
        ("n/a", "GB", ""),
        ("", "GB", ""),
        ("+", "GB", ""),
        ("-" * 5000, "GB", ""),
    ],
)
def test_what_is_no_public_number_keeps_its_digits_and_says_what_to_do(
    text: str, region: str, digits: str
) -> None:
    """An internal extension is found by its digits and never becomes somebody's public number."""
    number = numbers.derive(text, region)
    assert (number.e164, number.digits) == (None, digits)
    assert number.fault is not None
    assert "E.164" in number.fault.text()
    assert 'phoneNumbers[type eq "work"].value' in number.fault.text()


def test_the_remedy_names_the_region_and_its_prefix() -> None:
    """The administrator who reads the fault sees only Entra's log."""
    fault = numbers.derive("12345678", "DE").fault
    assert fault is not None
    assert "default region DE" in fault.text()
    assert 'Join("", "+49", [telephoneNumber])' in fault.text()


def _canonical() -> st.SearchStrategy[str]:
    codes = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    return st.builds(
        lambda code, rest: f"+{code}{rest}", codes, st.text("0123456789", min_size=3, max_size=13)
    )


@given(_canonical(), st.text(" -.()", max_size=3), st.integers(1, 9))
def test_the_short_way_finds_what_phonenumbers_finds(
    text: str, punctuation: str, place: int
) -> None:
    """A number recognised by its lengths alone has the form that the full parser gives it."""
    written = text[:place] + punctuation + text[place:] if place > 1 else text
    try:
        parsed = phonenumbers.parse(written, "GB")
    except phonenumbers.NumberParseException:
        return
    found = numbers.derive(written, "GB").e164
    if (
        phonenumbers.is_possible_number_with_reason(parsed)
        == phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        assert found == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_regions_example_is_read_in_each_of_its_forms(region: str) -> None:
    """International, national and E.164 forms of a country's own example number meet."""
    example = phonenumbers.example_number(region)
    assert example is not None
    forms = phonenumbers.PhoneNumberFormat
    e164 = phonenumbers.format_number(example, forms.E164)
    for form in (forms.E164, forms.INTERNATIONAL, forms.RFC3966):
        assert numbers.derive(phonenumbers.format_number(example, form), "ZZ").e164 == e164
    national = phonenumbers.format_number(example, forms.NATIONAL)
    internal = len(numbers.digits_of(national)) <= 6
    assert internal or numbers.derive(national, region).e164 == e164


@given(st.text(max_size=300), st.sampled_from(["GB", "US", "DE", "IT", "ZZ", ""]))
def test_any_text_is_read_without_an_error(text: str, region: str) -> None:
    """A person is never refused for a number: the result has an E.164 form or a fault, and ASCII digits."""
    number = numbers.derive(text, region)
    assert (number.e164 is None) == (number.fault is not None)
    assert number.digits == "" or (number.digits.isascii() and number.digits.isdecimal())
    numbers.query_forms(text, region)


@pytest.mark.parametrize(
    ("asked", "stored", "exact", "possible"),
    [
        ("020 7946 0958", "442079460958", True, True),
        ("+44 20 7946 0958 x12", "442079460958", True, True),
        ("7946 0958", "442079460958", False, True),
        ("9 020 7946 0958", "442079460958", False, True),  # with the digit for an outside line
        (
            "+442079460958",
            "02079460958",
            False,
            True,
        ),  # stored in a form that its region could not read
        ("+441379460958", "442079460958", False, False),  # another area
        ("+4420794609581", "442079460958", False, False),
        ("460958", "442079460958", False, False),  # too few digits to mean anything
        ("1234", "1234", True, False),
        ("1234", "442079461234", False, False),
    ],
)
def test_numbers_meet_exactly_possibly_or_not(
    asked: str, stored: str, exact: bool, possible: bool
) -> None:
    """A shorter number is possibly the same when the longer one ends in it, from seven digits on."""
    query = numbers.query_forms(asked, "GB")
    assert (query.is_exact(stored), query.is_possible(stored)) == (exact, possible)


@pytest.mark.parametrize(
    ("typed", "region", "beginning", "certain"),
    [
        ("+44 20 79", "US", "442079", True),
        ("0044 20", "GB", "4420", True),
        ("011 44 20", "US", "4420", True),
        ("0114 49", "GB", "4411449", False),
        ("020 79", "GB", "442079", False),
        ("06 12", "IT", "390612", False),
        ("212 55", "US", "121255", False),
        ("7946", "GB", "7946", False),
    ],
)
def test_a_number_half_typed_has_a_beginning(
    typed: str, region: str, beginning: str, certain: bool
) -> None:
    """Search as you type follows a number from its first digits, in national and in international form."""
    query = numbers.query_forms(typed, region)
    assert (query.beginning, query.is_beginning) == (beginning, certain)


def test_the_index_is_by_the_end_of_a_number() -> None:
    """Reversed digits turn a suffix search into a range of keys."""
    assert numbers.reversed_digits(numbers.derive("+44 20 7946 0958", "GB")) == "859064970244"
