"""Phone numbers as they come from Entra and from telephone systems."""

import time

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.users import index_rows
from shared.numbers import plan
from shared.numbers.number import Number, derive
from shared.numbers.query import are_versions, query_of
from shared.numbers.text import digits_of
from shared.numbers.typed import is_number, typed_of

LONDON = "+442079460958"


def _text(number: Number) -> str:
    """Return the number's fault in English, "" for none."""
    return number.fault.text() if number.fault else ""


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
    """Agents and call history see one form; the text that was sent is kept with it."""
    number = derive(text, "GB")
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
def test_an_extension_is_shown_with_the_number(text: str) -> None:
    """A call arrives without the extension, so the number is indexed without it (RFC 3966 section 3)."""
    number = derive(text, "GB")
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
    """The directory's default region gives a number without country prefix its meaning."""
    assert derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+49 89 636480 (Anna)", "DE", "+4989636480"),  # google/libphonenumber#1302
        ("0211 8000 Hotline", "DE", "+492118000"),
        ("+65 6123 4567 DID", "SG", "+6561234567"),
        ("+41 44 668 18 00 off", "CH", "+41446681800"),
        ("Tel. 020 7946 0958", "GB", LONDON),
        ("M: 020 7946 0958", "GB", LONDON),
        ("Tel:\t020 7946 0958", "GB", LONDON),
        ("Tel:020 7946 0958 (Anna)", "GB", LONDON),
        ("Phone 2: +44 20 7946 0958", "GB", LONDON),
        ("020 7946 0958 (work)", "GB", LONDON),
        ("020 7946 0958 ext.", "GB", LONDON),  # giggsey/libphonenumber-for-php#67
        ("020 7946 0958 #", "GB", LONDON),
        ("020 7946 0958;", "GB", LONDON),
        ("020 7946 0958, room 101", "GB", LONDON),
        ("020 7946 0958 (Mon-Fri 0900-1700)", "GB", LONDON),
        ("\u2022 020 7946 0958", "GB", LONDON),
        ("1) 020 7946 0958", "GB", LONDON),
        ("1. 020 7946 0958", "GB", LONDON),
        ("+49 89 636480 (8-17 Uhr)", "DE", "+4989636480"),
        ("089 636480 8-17 Uhr", "DE", "+4989636480"),
        ("089 636480 24h", "DE", "+4989636480"),
        ("089 636480 (24/7)", "DE", "+4989636480"),
        ("089 636480 (Zimmer 12)", "DE", "+4989636480"),
        ("\u2460 020 7946 0958", "GB", LONDON),
        ("1\ufe0f\u20e3 020 7946 0958", "GB", LONDON),
        ("\u260e\ufe0f +44 20 7946 0958", "GB", LONDON),
        ("+\u200e44 20 7946 0958", "GB", LONDON),  # signalapp/Signal-Android#11630
        ("\u202a+44\u00ad20\u200b7946\u20600958\u202c", "GB", LONDON),
        ("\uff0b44 20\u30007946\u20130958", "GB", LONDON),
        ("+44 [0]20 7946 0958", "GB", LONDON),
        ("+44 020 7946 0958", "GB", LONDON),
        ("+0044 20 7946 0958", "GB", LONDON),
        ("+020 7946 0958", "GB", LONDON),
        ("020/7946 0958", "GB", LONDON),
        ("02/1234 5678", "IT", "+390212345678"),
        ("+49 (0)89/1234567", "DE", "+49891234567"),
        ("*31#020 7946 0958", "GB", LONDON),
        ("4930901820", "DE", "+4930901820"),
        ("13 11 14", "AU", "+61131114"),  # catamphetamine/libphonenumber-js#400
        ("31234", "KI", "+68631234"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("+36 (0)1 234 5678", "HU", "+3612345678"),
    ],
)
def test_labels_signs_and_invisible_characters_are_no_digits(
    text: str, region: str, e164: str
) -> None:
    """Only the number is read, whatever people write around it and between its digits."""
    assert derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1-800-flowers", "US", "+18003569377"),
        ("1 800 GOT JUNK", "US", "+18004685865"),
        ("0800 REVERSE", "GB", "+448007383773"),
        ("0211 8000 HOTLINE", "DE", "+492118000"),
        ("020 7946 0958 HOME", "GB", LONDON),
        ("0800 Reverse", "GB", None),
        ("020 REVERSE", "GB", None),
        ("CALL 0800 REVERSE", "GB", None),
    ],
)
def test_letters_are_digits_in_vanity_numbers_only(
    text: str, region: str, e164: str | None
) -> None:
    """In capitals or joined by a hyphen, after digits that are no number alone, and the result is a service number."""
    assert derive(text, region).e164 == e164


@pytest.mark.parametrize(
    ("text", "region", "extension"),
    [
        ("212-555-0102 ext #5", "US", "5"),  # google/libphonenumber#988
        ("020 7946 0958-62", "GB", "62"),
        ("010-65529988-12", "CN", "12"),
        ("(212) 555-0102,,12#", "US", "12"),
        ("212-555-0102 extension no. 12", "US", "12"),
        ("212-555-0102 extention 12", "US", "12"),
        ("212-555-0102 (12)", "US", "12"),
        ("+52 55 1234 5678 local 12", "MX", "12"),
        ("03-1234-5601\uff5e12", "JP", "12"),
        ("03-1234-5601\uff08\u5185\u7dda12\uff09", "JP", "12"),
        ("+90 212 345 67 89 dahili 12", "TR", "12"),
        ("+90 212 345 67 89 Dâhilî: 12", "TR", "12"),
        ("+7 495 123-45-67 доб. 12", "RU", "12"),
        ("+7 495 123-45-67 вн. 12", "RU", "12"),
        ("+86 10 6552 9988 转 12", "CN", "12"),
        ("+86 10 6552 9988 分机12", "CN", "12"),
        ("+82 2-312-3456 내선 12", "KR", "12"),
        ("+972 3-123-4567 שלוחה 12", "IL", "12"),
        ("+971 4 362 0100 تحويلة 12", "AE", "12"),
        ("+66 2 123 4567 ต่อ 12", "TH", "12"),
        ("+84 24 3825 6789 máy lẻ 12", "VN", "12"),
        ("+48 22 307 01 00 wew. 12", "PL", "12"),
        ("+420 212 345 678 linka 12", "CZ", "12"),
        ("+36 1 234 5678 mellék 12", "HU", "12"),
        ("+30 21 2345 6789 εσωτ. 12", "GR", "12"),
        ("+55 11 2345-6789 ramal 12", "BR", "12"),
        ("+34 912 345 678 extensión 12", "ES", "12"),
        ("+56 2 2123 4567 anexo 12", "CL", "12"),
        ("+33 1 42 68 53 00 poste 12", "FR", "12"),
        ("+31 20 123 4567 toestel 12", "NL", "12"),
        ("+46 8 465 000 00 anknytning 12", "SE", "12"),
        ("+45 32 12 34 56 lokal 12", "DK", "12"),
        ("+381 11 1234567 lokal 12", "RS", "12"),
        ("+43 1 12345 Klappe 12", "AT", "12"),
    ],
)
def test_words_for_an_extension_are_known_in_many_languages(
    text: str, region: str, extension: str
) -> None:
    """Those of libphonenumber, and those that it lacks: Japanese, Turkish and others."""
    number = derive(text, region)
    assert (number.e164 is not None, number.extension) == (True, extension)


def _keys(number: Number) -> list[tuple[str, str]]:
    return [(key.digits, key.kind) for key in number.keys]


@pytest.mark.parametrize(
    "text",
    [
        "+49 89 12345 DW 67",
        "+49 89 12345 Klappe 67",
        "+49 89 12345, Durchwahl: 67",
        "+49 89 12345 ext. 67",
    ],
)
def test_an_extension_of_an_open_plan_is_dialled_after_the_number(text: str) -> None:
    """TrevorPilley/phone-number-parser#689: calls arrive from the number with its extension, and from the base."""
    number = derive(text, "DE")
    assert _keys(number) == [("498912345", "international"), ("49891234567", "international")]
    assert number.exchange == "498912345"


def test_a_direct_dial_number_after_a_hyphen_shows_its_exchange() -> None:
    """DIN 5008: the hyphen comes before the direct dial number, and -0 is the operator."""
    direct = derive("089 12345-67", "DE")
    assert (direct.e164, direct.exchange) == ("+49891234567", "498912345")
    operator = derive("089 12345-0 DW 67", "DE")
    assert [key.digits for key in operator.keys] == ["4989123450", "49891234567"]
    apart = derive("089 12345 0 Durchwahl 67", "DE")
    assert [key.digits for key in apart.keys] == ["4989123450", "49891234567"]
    assert derive("0211-8000", "DE").exchange == ""


def test_an_extension_of_a_closed_plan_is_not_dialled_after_the_number() -> None:
    """In Britain the number with its extension would be another line."""
    number = derive("020 7946 0958 ext. 67", "GB")
    assert (_keys(number), number.exchange) == ([("442079460958", "national")], "")


@pytest.mark.parametrize(
    ("text", "region", "digits"),
    [
        ("020 7946 0014 / 020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("020 7946 0014 / 0015", "GB", ["442079460014", "442079460015"]),
        ("020 7946 0014/15", "GB", ["442079460014", "442079460015"]),
        ("+442079460014;+442079460015", "GB", ["442079460014", "442079460015"]),
        ("Tel:+442079460014;+442079460015", "GB", ["442079460014", "442079460015"]),
        ("+442079460014, +442079460015", "GB", ["442079460014", "442079460015"]),
        ("020 7946 0014 or 020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("T: 020 7946 0014 M: 07700 900123", "GB", ["442079460014", "447700900123"]),
        ("+442079460014\n+442079460015", "GB", ["442079460014", "442079460015"]),
        ("020 7946 0014 - 020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("020 7946 0014  020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("1) 020 7946 0014 2) 020 7946 0015", "GB", ["442079460014", "442079460015"]),
        ("1. 020 7946 0014 2. 020 7946 0015", "GB", ["442079460014", "442079460015"]),
    ],
)
def test_several_numbers_in_a_field_are_each_possible(
    text: str, region: str, digits: list[str]
) -> None:
    """ReagentX/imessage-exporter#673; the administrator is told."""
    number = derive(text, region)
    assert _keys(number) == [(one, "possible") for one in digits]
    assert "holds several numbers (+442079460014, " in _text(number)


@pytest.mark.parametrize(
    ("text", "region", "digits", "fault"),
    [
        ("1234", "GB", "1234", "only 4 digits, like an internal extension"),
        ("1234", "DE", "1234", "only 4 digits"),
        ("12345", "AT", "12345", "only 5 digits"),
        ("ext. 1234", "GB", "1234", "only 4 digits"),
        ("1234 x5", "GB", "1234", "only 4 digits"),
        ("555-0100", "US", "5550100", "isn't a national number of US"),
        ("12345678", "DE", "12345678", "isn't a national number of DE"),
        ("020 7946 0958", "ZZ", "02079460958", "isn't a national number of ZZ"),
        ("+999 1234 5678", "GB", "99912345678", "no number of that country"),
        ("tel:1234;phone-context=example.com", "GB", "1234", "only 4 digits"),
        ("0800 Reverse", "GB", "0800", "letters among its digits"),
        ("+44 20 7946 ****", "GB", "", "hidden"),
        ("+44207946XXXX", "GB", "", "hidden"),
        ("1" * 16, "GB", "", "16 digits in a row, more than any phone number (15)"),
        ("n/a", "GB", "", "no digits"),
        ("", "GB", "", "no digits"),
        ("+", "GB", "", "no digits"),
        ("-" * 5000, "GB", "", "5000 characters"),
    ],
)
def test_what_is_no_public_number_keeps_its_digits_and_says_why(
    text: str, region: str, digits: str, fault: str
) -> None:
    """An internal extension is found by its digits and never becomes another person's public number."""
    number = derive(text, region)
    assert (number.e164, number.digits) == (None, digits)
    assert number.fault is not None
    assert fault in number.fault.text()
    assert "Correct this person's number in the source system" in number.fault.text()


def test_no_remedy_changes_all_numbers_of_a_directory() -> None:
    """An expression in the attribute mapping would corrupt every number that is correct."""
    for text in ("1234", "12345678", "+999 1234 5678", "n/a", "1" * 16, "+44 20 7946 ****"):
        fault = _text(derive(text, "DE"))
        assert "Join" not in fault
    assert "change the default region" in _text(derive("12345678", "DE"))


@pytest.mark.parametrize(
    ("text", "region"), [("116117", "DE"), ("112", "DE"), ("999", "GB"), ("1177", "SE")]
)
def test_short_numbers_of_a_country_are_no_fault(text: str, region: str) -> None:
    """The whole country dials them as they are (libphonenumber's short number metadata)."""
    number = derive(text, region)
    assert (number.e164, number.digits, number.fault) == (None, text, None)


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
    found = derive(written, "GB").e164
    if (
        phonenumbers.is_possible_number_with_reason(parsed)
        == phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        assert found == (e164 if len(e164) <= 16 else None)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_regions_example_is_read_in_each_of_its_forms(region: str) -> None:
    """International, national and E.164 forms of a country's own example number meet."""
    example = phonenumbers.example_number(region)
    assert example is not None
    forms = phonenumbers.PhoneNumberFormat
    e164 = phonenumbers.format_number(example, forms.E164)
    for form in (forms.E164, forms.INTERNATIONAL, forms.RFC3966):
        assert derive(phonenumbers.format_number(example, form), "ZZ").e164 == e164
    national = phonenumbers.format_number(example, forms.NATIONAL)
    internal = len(digits_of(national)) <= 6
    assert internal or derive(national, region).e164 == e164


@given(st.text(max_size=300), st.sampled_from(["GB", "US", "DE", "IT", "ZZ", ""]))
def test_any_text_is_read_without_an_error(text: str, region: str) -> None:
    """A person is never refused for a number: the result has an E.164 form or a fault, and ASCII digits."""
    number = derive(text, region)
    assert number.e164 is None or number.fault is None
    for key in number.keys:
        assert key.digits.isascii()
        assert key.digits.isdecimal()
        assert 3 <= len(key.digits) <= 15
    query = query_of(text, region)
    assert all(len(reading) <= 15 for reading in query.readings)
    typed_of(text, region), is_number(text)


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
        ("1234", "1234", True, True),
        ("1234", "442079461234", False, False),
    ],
)
def test_numbers_meet_exactly_possibly_or_not(
    asked: str, stored: str, exact: bool, possible: bool
) -> None:
    """A shorter number is possibly the same when the longer one ends in it, from seven digits on."""
    query = query_of(asked, "GB")
    assert (query.is_exact(stored), query.is_possible(stored)) == (exact, possible)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5511987654301", "551187654301", True),  # Brazil's ninth digit
        ("390612345601", "39612345601", True),  # Italy's zero
        ("5491123456789", "541123456789", True),  # Argentina's 9 before a mobile number
        ("5215512345678", "525512345678", True),  # Mexico's 1, until 2019
        ("2290197123456", "22997123456", True),  # Benin's 01, since 2024
        ("442079460958", "442079460959", False),
        ("442079460958", "332079460958", False),
        ("5511987654301", "551287654301", False),
    ],
)
def test_a_country_that_changed_its_numbers_has_two_forms(one: str, other: str, same: bool) -> None:
    """haumacher/phoneblock#210 and others: old and new form may be the same line."""
    assert are_versions(one, other) == same
    assert are_versions(other, one) == same


def test_brazils_mobiles_of_eight_digits_meet_those_of_nine() -> None:
    """FossifyOrg/Phone#899: either may be stored and either may arrive, with or without the country code."""
    old = derive("(11) 8765-4301", "BR")
    assert _keys(old) == [("5511987654301", "possible")]
    for arrives in ("+5511987654301", "+551187654301", "011 8765-4301", "1187654301"):
        for kind in ("international", "possible"):
            assert query_of(arrives, "BR").is_possible("5511987654301", kind), arrives


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ('"Ada" <sip:+442079460958@10.0.0.1:5060>;tag=as1f2b', "GB"),  # jambonz#256
        ("Ada 007 <tel:+44-20-7946-0958>", "GB"),
        ("From: <sips:+442079460958@sbc.example.com;transport=tls>;tag=1", "GB"),
        ("sip:02079460958;phone-context=+44@10.0.0.1;user=phone", "US"),
        ("sip:%2B442079460958:secret@10.0.0.1", "US"),
        ("sip:442079460958@10.0.0.1", "GB"),
        ("+442079460958@sbc.example.com", "GB"),
        ("4:+442079460958", "US"),  # MicrosoftDocs/msteams-docs#3505
        ("0044 20 7946 0958", "US"),
        ("011 44 20 7946 0958", "US"),
        ("0011 44 20 7946 0958", "AU"),
        ("010 44 20 7946 0958", "JP"),
        ("442079460958", "DE"),
        ("020 7946 0958", "GB"),
        ("*67 020 7946 0958", "GB"),
    ],
)
def test_a_call_is_recognised_however_it_arrives(address: str, region: str) -> None:
    """Telephone systems hand over addresses and prefixes of many kinds."""
    assert query_of(address, region).is_exact("442079460958")


@pytest.mark.parametrize(
    "address",
    [
        "anonymous",
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
        "sip:10.0.0.1",
        "8:orgid:11111111-1111-4111-8111-111111111111",
        "sip:anna.smith42@contoso.example",
        "Restricted",
        "+44 20 7946 ****",
        "+4420794609XX",
        "+44207946\u2026",
        "",
    ],
)
def test_a_withheld_or_masked_caller_has_no_match(address: str) -> None:
    """Nothing is made of the digits that are left, nor of those in a name or a host."""
    query = query_of(address, "GB")
    assert (query.readings, query.ends) == ((), ())


@pytest.mark.parametrize(
    ("typed", "region", "beginnings", "is_international"),
    [
        ("+44 20 79", "US", ("442079",), True),
        ("+44 (0", "GB", ("44",), True),
        ("+44 (0)2", "GB", ("442",), True),
        ("+39 06", "GB", ("3906",), True),
        ("+7 8", "GB", ("78", "7"), True),
        ("0044 20", "GB", ("4420",), False),
        ("011 44 20", "US", ("4420",), False),
        ("0114 49", "GB", ("4411449",), False),
        ("020 79", "GB", ("442079",), False),
        ("06 1", "HU", ("361",), False),
        ("8 (495)", "RU", ("7495",), False),
        ("06 12", "IT", ("390612",), False),
        ("212 55", "US", ("121255",), False),
        ("+52 1 55", "MX", ("52155", "5255"), True),
        ("+54 11", "GB", ("5411", "54911"), True),
    ],
)
def test_a_number_half_typed_has_beginnings(
    typed: str, region: str, beginnings: tuple[str, ...], is_international: bool
) -> None:
    """FossifyOrg/Contacts#357: the trunk prefix is no part of the number that is stored."""
    found = typed_of(typed, region)
    assert (found.beginnings, found.is_international) == (beginnings, is_international)


@pytest.mark.parametrize("length", range(3, 16))
def test_any_four_digits_begin_a_row_or_follow_its_beginning(length: int) -> None:
    """Of a number's digits from any place on, one of the first three is the first of a row; its end has one of its own.

    Only the second digit of a country code begins none in long numbers: `number_search` asks for the code before it.
    """
    number = "0123456789abcde"[:length]
    rows = {index_rows.turned(number, offset) for offset in index_rows.offsets(length)}
    assert len(rows) <= 5
    for start in range(length - 4):
        if start == 1 and length >= 10 and length % 3 == 0:
            continue
        part = number[start : start + 4]
        assert any(
            row.startswith(beginning) for row in rows for beginning in index_rows.ranges_of(part)
        ), part


def test_a_row_gives_the_number_back() -> None:
    """The digits before the place are after a dot; words are no numbers."""
    for offset in index_rows.offsets(12):
        assert index_rows.turned_back(index_rows.turned("442079460958", offset)) == "442079460958"
    assert index_rows.turned_back("anna.smith") == ""


def test_open_plans_have_numbers_of_many_lengths() -> None:
    """The metadata agrees with the list: at least five lengths of a landline number."""
    for code in plan.OPEN_PLANS:
        region = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        assert metadata.fixed_line is not None
        assert len(metadata.fixed_line.possible_length) >= 5, region


@pytest.mark.parametrize(
    "unit", ["(", "(0)", "+", "x", "#", "*", "1 ", "1-", "1/", "ext ", ",", "\u0661 ", "=", "1x"]
)
def test_reading_a_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    """A hundred texts of 250 characters in 21 regions took 9.4 seconds when a pattern was quadratic."""
    text = unit * (250 // len(unit))
    seconds = []
    for region in ("DE", "GB", "US"):
        derive.__globals__["_derive_cached"].cache_clear()
        query_of.cache_clear()
        start = time.process_time()
        query_of(text, region)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.02
