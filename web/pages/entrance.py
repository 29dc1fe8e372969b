"""The entrance of a frame: `/embed`, which anyone may ask for, and which has no data.

A frame can't be sent to sign in: Microsoft's sign-in refuses to be framed. And browsers that block
third-party cookies send no session cookie from it. So the page that embeds the product frames this
page. Its script (`static/embed.js`) finds out whether the person is signed in and leads to the
Organisation page with the same query. Otherwise it opens a window for the sign-in and then asks the
browser for the cookie (Storage Access API). `?signed-in=1` is the page at which that window arrives.
"""

from shared.http import HttpError, Response
from shared.messages import Message
from web.page_request import PageRequest
from web.render import page

SIGN_IN = "/.auth/login/aad?post_login_redirect_uri=%2Fembed%3Fsigned-in%3D1"


async def show(visit: PageRequest) -> Response:
    """Show the entrance, or that the person is signed in.

    Raises:
        HttpError: 404 if no page may embed the product.
    """
    if not visit.settings.embedding_origins:
        raise HttpError(404, Message("embedding_off"))
    if visit.query.get("signed-in") == "1":
        return page(visit, "signed_in.html")
    return page(visit, "entrance.html", sign_in=SIGN_IN)
