"""A pasted call log: which digits are phone numbers, and what each line tells about its call."""

import pytest

from contacts.call_log import Call, parse_log


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("+44 20 7946 0018", Call("+44 20 7946 0018")),
        ("tel:+442079460958;ext=12", Call("tel:+442079460958;ext=12")),
        ("sip:+442079460018@example.com:5060", Call("sip:+442079460018@example.com:5060")),
        ("01.42.68.53.00", Call("01.42.68.53.00")),
        ("212.555.1234", Call("212.555.1234")),
        ("089/12345-67", Call("089/12345-67")),
        ("020 7946 0018 x12", Call("020 7946 0018 x12")),
        (
            "2026-11-28 10:20:33\tIncoming\t+44 20 7946 0018\t00:03:12",
            Call("+44 20 7946 0018", "2026-11-28 10:20:33", "in", "00:03:12"),
        ),
        (
            "28.11.2026 10:20  eingehend  030 901820  3 min",
            Call("030 901820", "28.11.2026 10:20", "in", "3 min"),
        ),
        (
            "Nov 28, 2026, 12:33 PM; Missed; (020) 7946-0958; 12 s",
            Call("(020) 7946-0958", "Nov 28, 2026 12:33 PM", "missed", "12 s"),
        ),
        ("28. November 2026 10:20 +49 30 901820", Call("+49 30 901820", "28. November 2026 10:20")),
        ("11/28/26, 9:05 AM +442079460018", Call("+442079460018", "11/28/26 9:05 AM")),
        ("28/11/2026 09:12 → 1234", Call("1234", "28/11/2026 09:12", "out")),
        ("12:33 +44 20 7946 0018 1h 5m 20s", Call("+44 20 7946 0018", "12:33", "", "1h 5m 20s")),
        (
            "2026-11-28T10:20:00Z,+442079460018,outbound",
            Call("+442079460018", "2026-11-28 10:20:00Z", "out"),
        ),
    ],
)
def test_times_and_durations_are_no_numbers(line: str, call: Call) -> None:
    """They aren't treated as phone numbers; the call keeps them as they were pasted."""
    assert list(parse_log(line).calls) == [call]


def test_lines_without_a_number_are_counted() -> None:
    """Times such as `12:33` and `3 min`, names and withheld callers aren't numbers."""
    log = parse_log("12:33\n3 min\nanonymous\nJohn Smith\n\n+44 20 7946 0018")
    assert log.numbers == ["+44 20 7946 0018"]
    assert log.unread == 4


def test_columns_of_durations_and_ids_are_ignored_if_they_have_headings() -> None:
    """In an exported report, 125 seconds and a call ID aren't phone numbers."""
    log = parse_log(
        "Time,Caller,Duration (s),Call ID,Direction\n"
        "2026-11-28 10:20,+442079460018,125,8842113,inbound\n"
        "2026-11-28 10:21,+442079460019,65,8842114,outbound\n"
    )
    assert log.numbers == ["+442079460018", "+442079460019"]
    assert [call.direction for call in log.calls] == ["in", "out"]
    assert log.unread == 0


def test_a_long_text_is_parsed_in_linear_time() -> None:
    """No regular expression backtracks; lines after the 2,000th are ignored."""
    for text in ("1:1:1:1 " * 5000, "12.12." * 8000, "1 h " * 10_000, "Jan " * 10_000 + "9" * 9000):
        assert len(parse_log(text).calls) <= 5000
    assert len(parse_log("0207946\n" * 3000).calls) == 2000
