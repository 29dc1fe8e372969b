"""One msal application object: the app at one tenant, with a token cache and connections of its own.

What msal (1.39) makes necessary here:

* an application object stands for one tenant;
* each has a token cache of its own: `remove_tokens_for_client` on a shared one empties it for all tenants;
* the constructor calls the network and raises ValueError for a tenant that is unknown, and also for 429;
* an answer with status 400 is remembered for 60 seconds, so an object that was refused is not asked again.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from presence.graph import tokens
from presence.graph.client_credential import OwnCredential, Proof
from presence.graph.clouds import cloud_of
from presence.graph.failure_reasons import Fault, fault_of
from presence.graph.msal_http import LoginHttp
from presence.graph.tokens import Token
from shared.settings import Settings

ANY_TENANT = "organizations"


class Application:
    """Blocking calls to the login service; each raises Fault where it gives nothing."""

    def __init__(self, settings: Settings, proof: Proof, tenant: str) -> None:
        import msal
        import requests

        credential = proof.credential()
        self._scope = cloud_of(settings).scope
        self.http = LoginHttp(cloud_of(settings).login_url)
        try:
            self._msal = msal.ConfidentialClientApplication(
                settings.presence_client_id,
                client_credential=credential,
                authority=self.http.authority(tenant),
                instance_discovery=False,  # the address is ours to trust: it is a setting
                token_cache=msal.TokenCache(),
                http_client=self.http,
                exclude_scopes=["offline_access"],  # one sign-in is all that is wanted
            )
        except (requests.RequestException, msal.exceptions.MsalError, ValueError, RuntimeError):
            self.close()
            if self.http.last_status == 200:
                raise Fault("unavailable") from None  # a page that is no metadata
            raise self._fault() from None

    def token(self) -> Token:
        """A token for Graph, from the cache while it lasts."""
        try:
            result = self._answered(lambda: self._msal.acquire_token_for_client([self._scope]))
        except ValueError:
            raise Fault("unavailable") from None
        if "access_token" not in result:
            codes = tuple(code for code in result.get("error_codes", ()) if isinstance(code, int))
            raise fault_of(
                self.http.last_status or 400,
                str(result.get("error", "")),
                codes,
                self.http.last_wait,
            )
        return tokens.read(result["access_token"])

    def begin_sign_in(self, redirect_uri: str, state: str) -> tuple[str, dict[str, Any]]:
        """Where to send the browser, and msal's flow to keep until it returns."""
        # form_post would be a POST from another site, with which no SameSite=Lax cookie comes along; the code is
        # of no use without the cookie, the verifier and our credential.
        warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
        flow = self._msal.initiate_auth_code_flow(
            [], redirect_uri=redirect_uri, state=state, prompt="select_account"
        )
        return self.http.for_browser(flow.pop("auth_uri")), flow

    def id_token(self, flow: dict[str, Any], answer: Mapping[str, str]) -> str:
        """The id_token that a code is good for, not validated. Raises ValueError where code or nonce do not fit."""
        result = self._answered(
            lambda: self._msal.acquire_token_by_auth_code_flow(flow, dict(answer))
        )
        if "id_token" not in result:
            raise self._fault(str(result.get("error", "")))
        return str(result["id_token"])

    def close(self) -> None:
        """Let go of connections."""
        self.http.close()

    def _answered(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """What msal makes of an answer. Raises Fault where there was none, ValueError where it does not fit."""
        import msal
        import requests

        try:
            result: dict[str, Any] = ask()
        except OwnCredential:
            raise Fault("own_credential") from None
        except (requests.RequestException, msal.exceptions.MsalError):  # msal raises on 5xx
            raise fault_of(self.http.last_status, "", (), self.http.last_wait) from None
        except (
            ValueError,
            RuntimeError,
        ) as error:  # no JSON; RuntimeError: the nonce is another one
            raise ValueError(type(error).__name__) from None
        return result

    def _fault(self, error: str = "") -> Fault:
        """What the last answer says."""
        http = self.http
        return fault_of(http.last_status, error or http.last_error, http.last_codes, http.last_wait)
