"""An msal application object for one tenant, used for one request and then closed.

These facts about msal (1.39) are the reason:

* an application object belongs to one tenant;
* `remove_tokens_for_client` on a shared token cache empties it for all tenants;
* the constructor sends a request, and raises ValueError for an unknown tenant and also for a 429;
* a response with status 400 is returned from memory for 60 seconds.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from presence.graph import tokens
from presence.graph.client_credential import OwnCredential, Proof
from presence.graph.clouds import cloud_of
from presence.graph.failure_reasons import Fault, fault_of, numbers_of
from presence.graph.msal_http import LoginHttp, MetadataCache
from presence.graph.tokens import Token
from shared.settings import Settings

ANY_TENANT = "organizations"


class Application:
    """Blocking requests to the login service; each method raises Fault if the service refuses or fails."""

    def __init__(
        self, settings: Settings, proof: Proof, tenant: str, metadata: MetadataCache | None = None
    ) -> None:
        import msal
        import requests

        credential = proof.credential()
        self._scope = cloud_of(settings).scope
        self.http = LoginHttp(cloud_of(settings).login_url, metadata)
        try:
            self._msal = msal.ConfidentialClientApplication(
                settings.presence_client_id,
                client_credential=credential,
                authority=self.http.authority(tenant),
                instance_discovery=False,  # the URL is a setting, so it is trusted
                token_cache=msal.TokenCache(),
                http_client=self.http,
                exclude_scopes=[
                    "offline_access"
                ],  # no refresh token, because it is for one sign-in
            )
        except (requests.RequestException, msal.exceptions.MsalError, ValueError, RuntimeError):
            self.close()
            if self.http.last_status == 200:
                raise Fault(reason="unavailable") from None  # the response isn't metadata
            raise self._fault() from None

    def token(self) -> Token:
        """Request a token for Graph."""
        try:
            result = self._answered(lambda: self._msal.acquire_token_for_client([self._scope]))
        except ValueError:
            raise Fault(reason="unavailable") from None
        if "access_token" not in result:
            codes = numbers_of(result)
            raise fault_of(
                self.http.last_status or 400,
                str(result.get("error", "")),
                codes,
                self.http.last_wait,
            )
        return tokens.parse(result["access_token"], _seconds(result.get("expires_in")))

    def begin_sign_in(self, redirect_uri: str, state: str) -> tuple[str, dict[str, Any]]:
        """Return the URL of the sign-in, and msal's data to store until the browser returns."""
        # Not form_post: it is a POST from another site, with which browsers send no SameSite=Lax cookie. In the URL,
        # the code is useless without the cookie, the verifier and our credential.
        warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
        flow = self._msal.initiate_auth_code_flow(
            [], redirect_uri=redirect_uri, state=state, prompt="select_account"
        )
        return self.http.for_browser(flow.pop("auth_uri")), flow

    def id_token(self, flow: dict[str, Any], response: Mapping[str, str]) -> str:
        """Exchange an authorization code for an id_token and return it; it isn't validated yet.

        Raises:
            Fault: The login service refuses or fails.
            ValueError: The code or the nonce isn't valid.
        """
        result = self._answered(
            lambda: self._msal.acquire_token_by_auth_code_flow(flow, dict(response))
        )
        if "id_token" not in result:
            raise self._fault(str(result.get("error", "")))
        return str(result["id_token"])

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def _answered(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """Call msal and return its result.

        Raise Fault if there is no response, ValueError if the response isn't valid.
        """
        import msal
        import requests

        try:
            result: dict[str, Any] = ask()
        except OwnCredential:
            raise Fault(reason="own_credential") from None
        except (requests.RequestException, msal.exceptions.MsalError):  # msal raises on 5xx
            raise fault_of(self.http.last_status, "", (), self.http.last_wait) from None
        except (ValueError, RuntimeError) as error:
            # ValueError: the response is not JSON. RuntimeError: the nonce is another one.
            raise ValueError(type(error).__name__) from None
        return result

    def _fault(self, error: str = "") -> Fault:
        """Return the Fault for the last response."""
        http = self.http
        return fault_of(http.last_status, error or http.last_error, http.last_codes, http.last_wait)


def _seconds(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0
