"""Measure how well callers are recognised, for every region's numbers as people write them and as calls arrive.

    python -m bench.numbers [--regions DE,GB] [--show 20]

Serves the product in a process of its own with one directory per region of libphonenumber. For each
example number (a landline and a mobile one), the directory gets one person per written form, sent
by SCIM, and decoys: colleagues with neighbouring extensions, equal endings in another area, the
same national number in another country. Then each number arrives in each form through `POST
/api/contacts/lookup`, and each person is counted once: as *exact*, *possible* or *nobody* (not
found), or as *wrong* if a decoy is exact or comes before the person.
"""

import argparse
import http.client
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from phonenumbers import (
    SUPPORTED_REGIONS,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    example_number_for_type,
    format_number,
    national_significant_number,
)

from bench.provisioning import serving

_ROOT = Path(__file__).parent.parent
_TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE)
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789+"}
_ARABIC = {ord(c): ord(c) + 0x630 for c in "0123456789"}
MIN_EXACT, MAX_NOBODY, MAX_WRONG = 0.98, 0.003, 0


@dataclass(frozen=True, slots=True)
class Example:
    """An example number, in the forms from which all others are derived."""

    number: PhoneNumber
    region: str

    @property
    def e164(self) -> str:
        """The E.164 form: `+` and all digits."""
        return format_number(self.number, PhoneNumberFormat.E164)

    @property
    def international(self) -> str:
        """The international format: grouped, with the country code."""
        return format_number(self.number, PhoneNumberFormat.INTERNATIONAL)

    @property
    def national(self) -> str:
        """The national format: grouped, as written in its country."""
        return format_number(self.number, PhoneNumberFormat.NATIONAL)

    @property
    def code(self) -> str:
        """The country code."""
        return str(self.number.country_code)

    @property
    def significant(self) -> str:
        """The national significant number."""
        return national_significant_number(self.number)

    @property
    def trunk(self) -> str:
        """The international format with the trunk zero in parentheses, such as `+49 (0)30 …`.

        Without a trunk zero in the country, it is the international format itself.
        """
        digits = "".join(c for c in self.national if c.isdigit())
        if not digits.startswith("0") or self.significant.startswith("0"):
            return self.international
        return self.international.replace(f"+{self.code} ", f"+{self.code} (0)", 1)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


WRITTEN: dict[str, Callable[[Example], str]] = {
    "E.164": lambda e: e.e164,
    "international": lambda e: e.international,
    "national": lambda e: e.national,
    "national digits": lambda e: _digits(e.national),
    "RFC 3966": lambda e: format_number(e.number, PhoneNumberFormat.RFC3966),
    "00": lambda e: "00" + e.international[1:],
    "without plus": lambda e: e.e164[1:],
    "(0)": lambda e: e.trunk,
    "dots": lambda e: e.international.replace(" ", ".").replace("-", "."),
    "slash": lambda e: e.international.replace(" ", "/", 2).replace("/", " ", 1),
    "national slash": lambda e: e.national.replace(" ", "/", 1),
    "no-break spaces": lambda e: e.international.replace(" ", "\u00a0"),
    "full width": lambda e: e.international.translate(_FULL_WIDTH),
    "Arabic digits": lambda e: e.international.translate(_ARABIC),
    "(+cc)": lambda e: f"(+{e.code}) {e.international.partition(' ')[2]}",
    "plus apart": lambda e: "+ " + e.international[1:],
    "en dashes": lambda e: e.international.replace("-", " ").replace(" ", "\u2013"),
    "left-to-right marks": lambda e: f"\u202a{e.international}\u202c",
    "mark after the plus": lambda e: "+\u200e" + e.international[1:],
    "soft hyphen inside": lambda e: e.e164[:6] + "\u00ad" + e.e164[6:],
    "Tel.": lambda e: f"Tel. {e.international}",
    "M:": lambda e: f"M: {e.national}",
    "Phone 1:": lambda e: f"Phone 1: {e.international}",
    "name in parentheses": lambda e: f"{e.international} (Anna)",
    "Hotline": lambda e: f"{e.national} Hotline",
    "off": lambda e: f"{e.international} off",
    "DID": lambda e: f"{e.international} DID",
    "(work)": lambda e: f"{e.national} (work)",
    "trailing #": lambda e: f"{e.international}#",
    "trailing ;": lambda e: f"{e.international};",
    "ext. without digits": lambda e: f"{e.national} ext.",
    "bullet": lambda e: f"\u2022 {e.international}",
    "telephone sign": lambda e: f"\u260e\ufe0f {e.international}",
    "ext.": lambda e: f"{e.international} ext. 67",
    "x": lambda e: f"{e.national} x67",
    "ext #": lambda e: f"{e.international} ext #67",
    ";ext=": lambda e: f"{e.e164};ext=67",
    "DW": lambda e: f"{e.international} DW 67",
    "Durchwahl": lambda e: f"{e.national}, Durchwahl: 67",
    "Klappe": lambda e: f"{e.international} Klappe 67",
    "dahili": lambda e: f"{e.international} dahili 67",
    "naisen": lambda e: f"{e.national}\uff08\u5185\u7dda67\uff09",
    "Mobile:": lambda e: f"Mobile: {e.international} (private)",
    "office,": lambda e: f"{e.international}, office",
    "T": lambda e: f"T {e.international}",
    "[+cc]": lambda e: f"[+{e.code}] {e.international.partition(' ')[2]}",
    "++": lambda e: f"+{e.international}",
    "double spaces": lambda e: e.international.replace(" ", "  "),
    "tab": lambda e: f"Tel:\t{e.international}",
    "quotes": lambda e: f'"{e.international}"',
    "full stop": lambda e: f"{e.international}.",
    "underscores": lambda e: e.international.replace(" ", "_"),
    "00-": lambda e: "00-" + e.e164[1:],
    "tel: and spaces": lambda e: f"tel: {e.international}",
    "zero-width spaces": lambda e: "\u200b".join(e.e164),
    "byte order mark": lambda e: f"\ufeff{e.international}",
    "key caps": lambda e: f"1\ufe0f\u20e3 {e.international}",
    "significant": lambda e: e.significant,
    "opening hours": lambda e: f"{e.international} (Mon-Fri 9-17)",
    "(ext 67)": lambda e: f"{e.international} (ext 67)",
    "#67": lambda e: f"{e.international} #67",
    "extension no.": lambda e: f"{e.international} extension no. 67",
    "poste": lambda e: f"{e.national} poste 67",
    "ramal": lambda e: f"{e.international} - ramal 67",
    "dob.": lambda e: f"{e.international} \u0434\u043e\u0431. 67",
}
ARRIVES: dict[str, Callable[[Example], str]] = {
    "E.164": lambda e: e.e164,
    "without plus": lambda e: e.e164[1:],
    "00": lambda e: "00" + e.e164[1:],
    "011": lambda e: "011" + e.e164[1:],
    "national": lambda e: e.national,
    "national digits": lambda e: _digits(e.national),
    "sip": lambda e: f"sip:{e.e164}@sbc.example.com:5060;user=phone",
    "sip national": lambda e: f"sip:{_digits(e.national)}@10.0.0.1",
    "sips": lambda e: f"sips:{e.e164};npdi@10.0.0.1;transport=tls",
    "tel": lambda e: f"tel:{e.e164};isub=1",
    "tel phone-context": lambda e: f"tel:{e.significant};phone-context=+{e.code}",
    "From": lambda e: f'"Ada 007" <sip:{e.e164}@10.0.0.1:5060>;tag=as1f2b',
    "Teams": lambda e: f"4:{e.e164}",
    "international": lambda e: e.international,
    "significant": lambda e: e.significant,
    "angle brackets": lambda e: f"<sip:{e.e164}@10.0.0.1>",
    "P-Asserted-Identity": lambda e: f"P-Asserted-Identity: <tel:{e.e164}>",
    "escaped plus": lambda e: f"sip:%2B{e.e164[1:]}@10.0.0.1",
    "sip 00": lambda e: f"sip:00{e.e164[1:]}@10.0.0.1",
    "without scheme": lambda e: f"{e.e164}@sbc.example.com",
    "sip without plus": lambda e: f"sip:{e.e164[1:]}@sbc.example.com;user=phone",
    "tel with hyphens": lambda e: format_number(e.number, PhoneNumberFormat.RFC3966),
}


@dataclass(slots=True)
class Tally:
    """The counts of results, and a description of each result that wasn't exact."""

    counts: Counter[str] = field(default_factory=Counter)
    by_form: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add the results of another tally."""
        self.counts += other.counts
        self.by_form += other.by_form
        self.shown += other.shown


def examples(region: str) -> Iterator[Example]:
    """Yield the region's landline and mobile example numbers, or only one if they are equal."""
    seen = set[str]()
    for kind in _TYPES:
        number = example_number_for_type(region, kind)
        if number is None:
            continue
        example = Example(number, region)
        if example.e164 not in seen:
            seen.add(example.e164)
            yield example


def decoys(example: Example) -> Iterator[str]:
    """Yield numbers of other people that could be confused with this one."""
    e164, head = example.e164, len(example.code) + 1
    last = int(e164[-1])
    yield e164[:-1] + str((last + 1) % 10)
    yield e164[:-2] + str((int(e164[-2]) + 1) % 10) + e164[-1]
    if len(example.significant) > 7:
        other = str(int(e164[head]) % 9 + 1)
        yield e164[:head] + other + e164[head + 1 :]
    elsewhere = "+33" if example.code != "33" else "+34"
    yield elsewhere + example.significant
    yield f"{e164[:-1]}{(last + 2) % 10} ext. 67"


class Client:
    """A client with one persistent connection to the product."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._origin = f"http://127.0.0.1:{port}"

    def call(self, method: str, path: str, body: Any, token: str = "") -> Any:
        """Send a request and return the response's JSON, None for an empty body.

        Raise AssertionError for an error response.
        """
        headers = {"Content-Type": "application/json", "Origin": self._origin}
        if token:
            headers |= {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/scim+json",
            }
        self._connection.request(method, path, orjson.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status < 300, (path, response.status, content[:300])
        return orjson.loads(content) if content else None


def evaluate(port: int, region: str) -> Tally:
    """Store and look up all forms of one region's numbers; return the results."""
    client, tally = Client(port), Tally()
    made = client.call("POST", "/api/directories", {"name": f"Numbers {region}", "region": region})
    directory_id, token = made["id"], made["token"]
    base = made["scimBaseUrl"]
    path = f"/{base.partition('://')[2].partition('/')[2]}/Users"
    for number, example in enumerate(own := list(examples(region))):
        own_numbers = {one.e164 for one in own}
        for form, write in WRITTEN.items():
            _hire(client, path, token, f"{number}/{form}", write(example))
        for decoy in decoys(example):
            if decoy.partition(" ")[0] not in own_numbers:
                _hire(client, path, token, f"{number}/decoy {decoy}", decoy)
    for number, example in enumerate(own):
        asked = {form: arrive(example) for form, arrive in ARRIVES.items()}
        body = {"numbers": list(asked.values()), "directories": [directory_id]}
        response = client.call("POST", "/api/contacts/lookup", body)
        for (form, text), found in zip(asked.items(), response["numbers"], strict=True):
            _count(tally, number, example, form, text, found["matches"])
    return tally


def _hire(client: Client, path: str, token: str, name: str, value: str) -> None:
    body = {
        "schemas": [_USER],
        "userName": name,
        "displayName": name,
        "active": True,
        "phoneNumbers": [{"type": "work", "value": value}],
    }
    client.call("POST", path, body, token)


def _count(
    tally: Tally, number: int, example: Example, arrival: str, text: str, matches: list[Any]
) -> None:
    kinds = {match["displayName"]: match["match"] for match in matches}
    exact_decoys = [name for name, kind in kinds.items() if "decoy" in name and kind == "exact"]
    first = next(iter(kinds), "")
    for form, write in WRITTEN.items():
        kind = kinds.get(f"{number}/{form}", "nobody")
        if exact_decoys or (kind != "exact" and "decoy" in first):
            kind = "wrong"
        tally.counts[kind] += 1
        if kind != "exact":
            tally.by_form[f"{kind}: written {form}"] += 1
            tally.by_form[f"{kind}: arrives {arrival}"] += 1
            tally.by_form[f"{kind}: region {example.region}"] += 1
            tally.shown.append(
                f"{kind:8} {example.region} stored {write(example)!r} ({form}), arrives {text!r} {exact_decoys[:2]}"
            )


def main() -> None:
    """Print the table; exit with 1 if the limits are missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--regions", default="")
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    regions = arguments.regions.split(",") if arguments.regions else sorted(SUPPORTED_REGIONS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    total = Tally()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(_ROOT, f"sqlite:///{folder}/bench.db", port),
        ThreadPoolExecutor(4) as pool,
    ):
        for tally in pool.map(lambda region: evaluate(port, region), regions):
            total.add(tally)
    lookups = total.counts.total()
    print(f"{lookups} lookups, {len(regions)} regions, {len(WRITTEN)} written forms, ", end="")
    print(f"{len(ARRIVES)} ways to arrive")
    for kind in ("exact", "possible", "nobody", "wrong"):
        print(f"{kind:9}{total.counts[kind]:8}{total.counts[kind] / lookups:9.2%}")
    for what, count in total.by_form.most_common(arguments.show):
        print(f"{count:6} {what}")
    for line in total.shown[:: max(1, len(total.shown) // max(1, arguments.show))]:
        print(line)
    good = total.counts["exact"] / lookups >= MIN_EXACT
    good = good and total.counts["nobody"] / lookups <= MAX_NOBODY
    sys.exit(0 if good and total.counts["wrong"] <= MAX_WRONG else 1)


if __name__ == "__main__":
    main()
