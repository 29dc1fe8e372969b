"""The entrance for embedding the product in a frame: `/embed`, which needs no sign-in and shows no data.

A frame can't be redirected to the sign-in, because Microsoft's sign-in refuses to be framed, and
browsers that block third-party cookies send no session cookie from it. So the page that embeds the
product shows this page in the frame. Its script (`static/embed.js`) detects whether the user is signed in and
then navigates to the Organisation page with the same query. Otherwise it opens a window for the
sign-in and then asks the browser for access to the cookie (Storage Access API). The sign-in in that
window ends at `?signed-in=1`.
"""

from shared.http import HttpError, Response
from shared.messages import Message
from web.page_request import PageRequest
from web.render import page

SIGN_IN = "/.auth/login/aad?post_login_redirect_uri=%2Fembed%3Fsigned-in%3D1"


async def show(visit: PageRequest) -> Response:
    """Show the entrance, or after the sign-in a page that confirms it.

    Raises:
        HttpError: 404 if no site is allowed to embed the product.
    """
    if not visit.settings.embedding_origins:
        raise HttpError(404, Message("embedding_off"))
    if visit.query.get("signed-in") == "1":
        return page(visit, "signed_in.html")
    return page(visit, "entrance.html", sign_in=SIGN_IN)
