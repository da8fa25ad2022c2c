"""A web application that signs people in with Authlib, in the integration for web frameworks."""

import time

from authlib.integrations.django_client import OAuth
from django.http import HttpResponse
from django.test import RequestFactory

CALLBACK = "https://web.example.com/callback"
GOODBYE = "https://web.example.com/goodbye"
SCOPE = "openid profile offline_access read"


class WebApplication:
    """The three views that an application writes around Authlib. ``tokens`` is what it keeps of the sign-in."""

    def __init__(self, issuer, application, *, authorize=None, site="https://web.example.com", **client):
        self.addresses = (f"{site}/callback", f"{site}/goodbye")
        self.tokens = None
        self.browser_session = {}
        self.authlib = OAuth().register(
            "erp",
            client_id=application.client_id,
            client_secret=application.plain_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            authorize_params=authorize,
            update_token=self._keep,
            client_kwargs={"scope": SCOPE, **client},
        )

    def _keep(self, token, **old):
        self.tokens = token

    def _request(self, arrival):
        factory = RequestFactory()
        request = (
            factory.post(arrival.address, arrival.fields) if arrival.method == "POST" else factory.get(arrival.address)
        )
        return self._with_session(request)

    def _with_session(self, request):
        request.session = self.browser_session
        return request

    def sign_in(self) -> HttpResponse:
        return self.authlib.authorize_redirect(self._with_session(RequestFactory().get("/sign-in")), self.addresses[0])

    def callback(self, arrival):
        self.tokens = self.authlib.authorize_access_token(self._request(arrival))
        return self.tokens["userinfo"]

    def sign_out(self) -> HttpResponse:
        request = self._with_session(RequestFactory().get("/sign-out"))
        return self.authlib.logout_redirect(request, self.addresses[1], id_token_hint=self.tokens["id_token"])

    def signed_out(self, arrival):
        return self.authlib.validate_logout_response(self._request(arrival))


def walk_on(web, person, application, issuer):
    """What follows a sign-in: user info, an expired token that Authlib renews by itself, sign-out."""
    first = web.tokens
    assert web.authlib.userinfo(token=first)["preferred_username"] == "maria"

    expired = {**first, "expires_at": int(time.time()) - 10}
    assert web.authlib.userinfo(token=expired)["name"] == "Мария Петрова"
    assert web.tokens["refresh_token"] != first["refresh_token"]
    renewed = web.authlib.parse_id_token(web.tokens, nonce=None)
    assert renewed["sid"] == first["userinfo"]["sid"]

    assert person.is_signed_in(issuer, application)
    goodbye = person.go(web.sign_out()["Location"], to=GOODBYE)
    assert web.signed_out(goodbye)["post_logout_redirect_uri"] == GOODBYE
    assert not person.is_signed_in(issuer, application)
