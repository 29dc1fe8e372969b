"""A search that the page has replaced by a newer one (`web.newest_search`)."""

import pytest

from tests.web.conftest import Visitor


async def test_a_replaced_search_ends_without_an_answer(visit: Visitor) -> None:
    """A search that arrives after a newer one of the same page gets 204: its browser has dropped it."""

    async def search(number: str) -> int:
        answer = await visit("GET", "/contacts/list?q=a", hx_request="true", x_search=number)
        return answer.status

    assert await search("page1.2") == 200
    assert await search("page1.1") == 204
    assert await search("page1.2") == 200
    assert await search("page1.3") == 200


@pytest.mark.parametrize("number", ["", "page1", "page1.", ".1", "page1.x", "page2.1", "page1.-1"])
async def test_only_the_same_page_replaces_a_search(visit: Visitor, number: str) -> None:
    """A header that can't be read is ignored, and another tab has searches of its own."""
    await visit("GET", "/contacts/list?q=a", hx_request="true", x_search="page1.9")
    answer = await visit("GET", "/contacts/list?q=a", hx_request="true", x_search=number)
    assert answer.status == 200
