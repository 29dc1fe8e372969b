"""Step 3 of the wizard without JavaScript: the test uses only links and forms of the pages, as a
browser does.
"""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from shared.http import Response
from tests.setup.at_microsoft import GLORIA, answered, graph_simulator, served_simulator, world
from tests.setup.world import DIRECTORY, ORIGIN, World

__all__ = ["graph_simulator", "served_simulator", "world"]
STEP = f"/directories/{DIRECTORY}/presence"


class Forms(HTMLParser):
    """Parses the forms of a page: their addresses, their hidden fields, and which have a button."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.fields = dict[str, dict[str, str]]()
        self.pressable = set[str]()
        self._action = ""
        self.feed(page.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a form, a field or a button."""
        own = dict(attrs)
        if tag == "form":
            assert own.get("method") == "post"
            self._action = own.get("action") or ""
            self.fields[self._action] = {}
        elif tag == "input" and own.get("type") == "hidden" and self._action:
            self.fields[self._action][own.get("name") or ""] = own.get("value") or ""
        elif tag == "button" and "disabled" not in own and own.get("type", "submit") == "submit":
            self.pressable.add(self._action)

    def handle_endtag(self, tag: str) -> None:
        """End the current form."""
        if tag == "form":
            self._action = ""


def _header(answer: Response, name: str) -> str:
    """Return a header of the response, or "" if it is absent."""
    return {key.lower(): value for key, value in answer.headers.items()}.get(name, "")


def _form_origins(page: Response) -> str:
    """Return the origins of form-action in the page's content security policy."""
    policy = {name.lower(): value for name, value in page.headers.items()}[
        "content-security-policy"
    ]
    found = re.search("form-action ([^;]*)", policy)
    assert found
    return found[1]


async def _press(world: World, page: Response, action: str, **values: str) -> Response:
    """Send the form and return the response; assert that the policy permits its redirect."""
    forms = Forms(page)
    assert action in forms.pressable, (action, forms.pressable)
    body = urlencode({**forms.fields[action], **values}).encode()
    media_type = "application/x-www-form-urlencoded"
    answer = await world.first.call("POST", action, body, media_type, origin=ORIGIN)
    location = _header(answer, "location")
    if location.startswith("http"):
        parts = urlsplit(location)
        assert f"{parts.scheme}://{parts.netloc}" in _form_origins(page).split()
    return answer


async def test_the_sign_in_step_needs_no_script(world: World) -> None:
    """Choice, sign-in at Microsoft, consent, confirmation and *Finish* are forms or redirects."""
    page = await world.first.call("GET", STEP)
    page = await _press(world, page, STEP, choice="on")
    begun = await _press(world, page, f"/directories/{DIRECTORY}/consent")
    assert begun.status == 303
    cookie = _header(begun, "set-cookie").partition(";")[0]
    signed_in = await world.first.call(
        "GET", await answered(_header(begun, "location"), GLORIA), cookie=cookie
    )
    back = await answered(_header(signed_in, "location"), GLORIA, "accept")
    landed = _header(await world.first.call("GET", back, cookie=cookie), "location")
    assert landed == f"{ORIGIN}{STEP}?outcome=consented"
    page = await world.first.call("GET", landed.removeprefix(ORIGIN))
    assert "contoso.example" in page.body.decode()
    page = await _press(world, page, f"/directories/{DIRECTORY}/confirm")
    assert page.status == 200
    finished = await _press(world, page, f"/directories/{DIRECTORY}/advance")
    assert (finished.status, _header(finished, "location")) == (303, f"/directories/{DIRECTORY}")
