"""OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest

from directories import credentials, deletion, service
from directories.audit import operator_actor
from directories.service import NewDirectory
from local.counting_tables import CountingTables
from shared.http import Request
from tests.clock import FixedClock
from tests.rounds import rounds
from tests.scim.sign_in.client import ACCOUNT, TokenClient


def basic(client_id: str, secret: str) -> str:
    """Return an Authorization header with HTTP Basic credentials (RFC 6749 section 2.3.1)."""
    return (
        "Basic "
        + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
    )


@pytest.mark.clause("6749/2.3.1", "6749/4.4", "6749/5.1")
async def test_a_secret_in_the_form_gives_a_token_that_opens_scim(client: TokenClient) -> None:
    """RFC 6749 section 5.1: a bearer token for 60 minutes, with no-store. SCIM accepts it."""
    answer = await client.by_secret(scope="scim", unknown="ignored")
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 3600)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert await client.users(answer.token) == 200


@pytest.mark.clause("6749/2.3.1")
async def test_a_secret_in_the_header_gives_a_token(client: TokenClient) -> None:
    """RFC 6749 section 2.3.1: HTTP Basic whose id and secret are form-encoded."""
    header = basic(client.directory_id, client.secret)
    answer = await client.post({"grant_type": "client_credentials"}, authorization=header)
    assert await client.users(answer.token) == 200


@pytest.mark.clause("6749/5.1", "ipsie/replay")
async def test_a_token_expires_after_60_minutes(client: TokenClient, clock: FixedClock) -> None:
    """It is refused from that second on, even if it was used a moment before."""
    token = (await client.by_secret()).token
    clock.advance(3599)
    assert await client.users(token) == 200
    clock.advance(1)
    assert await client.users(token) == 401


@pytest.mark.clause("7644/2.1")
async def test_a_revoked_secret_ends_its_tokens_and_no_others(client: TokenClient) -> None:
    """If one of two secrets is revoked, the tokens of the other still work."""
    issued = await credentials.issue(
        client.app, operator_actor(ACCOUNT), client.directory_id, "secrets"
    )
    second, plain = issued.credential, issued.plain
    first_token = (await client.by_secret()).token
    second_token = (await client.by_secret(client_secret=plain)).token
    assert [await client.users(first_token), await client.users(second_token)] == [200, 200]
    await credentials.revoke(
        client.app, operator_actor(ACCOUNT), client.directory_id, "secrets", second.id
    )
    assert [await client.users(first_token), await client.users(second_token)] == [200, 401]
    assert (await client.by_secret(client_secret=plain)).status == 401


@pytest.mark.clause("7644/2.1", "ipsie/auth-only")
async def test_a_token_opens_its_own_directory_only(client: TokenClient) -> None:
    """Another directory refuses the token with 401, because tokens are stored per directory."""
    other, _ = await service.create(client.app, operator_actor(ACCOUNT), NewDirectory("Other"))
    token = (await client.by_secret()).token
    elsewhere = TokenClient(client.host, client.app, other.id, "")
    assert await elsewhere.users(token) == 401


async def test_a_deleted_directory_issues_nothing(client: TokenClient) -> None:
    """The secret and the access tokens of a deleted directory get 401 at once."""
    token = (await client.by_secret()).token
    await deletion.delete(client.app, operator_actor(ACCOUNT), client.directory_id)
    assert (await client.by_secret()).status == 401
    assert await client.users(token) == 401


@pytest.mark.clause("6749/5.2")
async def test_every_wrong_client_gets_the_same_answer(client: TokenClient) -> None:
    """401 invalid_client, whether directory, id or secret is wrong (RFC 6749 section 5.2)."""
    answers = [
        await client.by_secret(client_secret="wrong"),
        await client.by_secret(client_secret=""),
        await client.by_secret(client_id="wrong"),
        await client.by_secret(client_id=""),
        await client.post(
            {
                "grant_type": "client_credentials",
                "client_id": "a" * 20,
                "client_secret": client.secret,
            },
            "a" * 20,
        ),
        await client.post({"grant_type": "client_credentials"}),
    ]
    assert {(answer.status, answer.body["error"]) for answer in answers} == {
        (401, "invalid_client")
    }
    assert len({answer.body["error_description"] for answer in answers}) == 1


@pytest.mark.clause("6749/5.2")
async def test_a_wrong_basic_client_is_asked_for_basic(client: TokenClient) -> None:
    """RFC 6749 section 5.2: WWW-Authenticate names the scheme that the client used."""
    answer = await client.post(
        {"grant_type": "client_credentials"}, authorization=basic(client.directory_id, "wrong")
    )
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="SCIM"')


@pytest.mark.clause("6749/5.2")
@pytest.mark.parametrize("header", ["", "Bearer extdir_x", "Negotiate abc"])
async def test_every_401_has_a_challenge(client: TokenClient, header: str) -> None:
    """RFC 9110 section 15.5.2: also if the secret was in the form, or the header had another scheme."""
    fields = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    answer = await client.post(fields, **({"authorization": header} if header else {}))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="SCIM"')


@pytest.mark.clause("6749/5.2")
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        (
            [("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
            "invalid_request",
        ),
        ({"grant_type": "client_credentials", "client_assertion": "x"}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_assertion_type": "x"}, "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b"grant_type=%ff", "invalid_request"),
        (b"&".join(b"a%d=1" % number for number in range(100)), "invalid_request"),
    ],
)
async def test_a_wrong_request_is_a_400_with_the_remedy(
    client: TokenClient, fields: Any, error: str
) -> None:
    """The error codes are those of RFC 6749 section 5.2."""
    answer = await client.post(fields or b"x=1")
    assert (answer.status, answer.body["error"]) == (400, error)
    assert answer.body["error_description"].endswith(".")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_form_that_is_too_large_is_refused(client: TokenClient) -> None:
    """413 names the limit. A token request is smaller than a kilobyte."""
    answer = await client.post(b"a=" + b"x" * 65_536)
    assert (answer.status, answer.body["error"]) == (413, "invalid_request")
    assert "65536 bytes" in answer.body["error_description"]


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic //8="])
async def test_a_broken_basic_header_is_a_400(client: TokenClient, header: str) -> None:
    """RFC 6749 section 5.2, invalid_request: malformed credentials never cause a 500."""
    answer = await client.post({"grant_type": "client_credentials"}, authorization=header)
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


@pytest.mark.clause("6749/2.3.1", "ipsie/auth-body")
async def test_credentials_are_sent_in_one_way_only(client: TokenClient) -> None:
    """RFC 6749 section 2.3: a request must not use more than one authentication method."""
    header = basic(client.directory_id, client.secret)
    fields = {"grant_type": "client_credentials", "client_secret": client.secret}
    assert (await client.post(fields, authorization=header)).status == 400
    other = {"grant_type": "client_credentials", "client_id": "other"}
    assert (await client.post(other, authorization=header)).status == 400


@pytest.mark.clause("6749/3.2")
async def test_only_a_form_is_accepted(client: TokenClient) -> None:
    """RFC 6749 section 4.4.2: application/x-www-form-urlencoded, with or without media type
    parameters.
    """
    assert (await client.post(b"{}", content_type="application/json")).status == 400
    fields = {
        "grant_type": "client_credentials",
        "client_id": client.directory_id,
        "client_secret": client.secret,
    }
    assert (
        await client.post(fields, content_type="application/x-www-form-urlencoded; charset=UTF-8")
    ).status == 200


@pytest.mark.clause("6749/3.2")
async def test_only_post_is_accepted(client: TokenClient) -> None:
    """RFC 6749 section 3.2: a URL must not contain a secret, so GET isn't accepted."""
    url = (
        f"https://app.example/scim/{client.directory_id}/oauth2/token?grant_type=client_credentials"
    )
    response = await client.host.call(Request("GET", url, {}))
    assert (response.status, {**response.headers}["allow"]) == (405, "POST")


async def test_a_secret_obtains_one_access_token_per_second(
    client: TokenClient, clock: FixedClock
) -> None:
    """Against a loop of token requests: ten at once, then 429 with Retry-After. Another secret
    isn't affected.
    """
    answers = [await client.by_secret() for _ in range(50)]
    assert [answer.status for answer in answers] == [200] * 10 + [429] * 40
    assert answers[-1].headers["retry-after"] == "1"
    assert "1 access token per second" in answers[-1].body["error_description"]
    second = (
        await credentials.issue(client.app, operator_actor(ACCOUNT), client.directory_id, "secrets")
    ).plain
    other = TokenClient(client.host, client.app, client.directory_id, second)
    assert (await other.by_secret()).status == 200
    clock.advance(1)
    assert [(await client.by_secret()).status for _ in range(2)] == [200, 429]


async def test_a_secret_has_a_bounded_number_of_live_access_tokens(
    client: TokenClient, tables: CountingTables, clock: FixedClock
) -> None:
    """At most `max_access_tokens` tokens of a secret are valid at once; the 429 names that
    limit.
    """
    issued = 0
    for issued in rounds():  # noqa: B007 - the number of tokens is used afterwards
        answer = await client.by_secret()
        if answer.status != 200:
            break
        clock.advance(1)
    assert answer.status == 429
    assert f"{client.app.settings.max_access_tokens} valid" in answer.body["error_description"]
    for _ in range(0, 3600 - issued, 60):
        issued += [(await client.by_secret()).status for _ in range(10)].count(200)
        clock.advance(60)
    assert (
        client.app.settings.max_access_tokens * 0.9
        < issued
        <= client.app.settings.max_access_tokens
    )
    rows = await tables.query("directories", client.directory_id, "access|", "access}")
    assert len(rows) == issued


@pytest.mark.clause("6749/10.3")
async def test_a_token_costs_one_transaction_and_its_use_two_reads(
    client: TokenClient, tables: CountingTables, clock: FixedClock
) -> None:
    """On a warm instance, issuing reads nothing. The first use reads the token and the directory in
    parallel, later uses nothing.
    """
    await client.by_secret()
    await client.app.background.drain()
    with tables.measured() as calls:
        token = (await client.by_secret()).token
    assert calls == [("transact", "directories")]
    clock.advance(31)
    from directories.authenticate import authenticate

    for expected in ([("get", "directories")] * 2, []):
        with tables.measured() as calls:
            await authenticate(client.app, client.directory_id, f"Bearer {token}")
        assert calls == expected


@pytest.mark.parametrize(
    ("form", "named"),
    [
        (b"grant_type=client_credentials&scope=a&scope=b", "scope was sent twice"),
        (b"grant_type=client_credentials&%22%C3%A4=&%22%C3%A4=", "?? was sent twice"),
        (b"grant_type=client_credentials&x=\xff", "at most 50 parameters, in UTF-8"),
        (b"grant_type=client_credentials" + b"&x=1" * 51, "at most 50 parameters, in UTF-8"),
        (b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion is missing"),
    ],
)
async def test_the_description_names_what_is_wrong_with_the_form(
    client: TokenClient, form: bytes, named: str
) -> None:
    """RFC 6749 section 5.2: invalid_request for a repeated or missing parameter; a client has no page to reload."""
    answer = await client.post(form)
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    assert named in answer.body["error_description"]
