"""A small application that signs people in: it walks the flow over HTTP, as a browser and a back end would."""

import base64
import hashlib
import secrets
from html.parser import HTMLParser
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"

AUTHORIZE = "/id/connect/authorize"
TOKEN = "/id/connect/token"
USERINFO = "/id/connect/userinfo"
END_SESSION = "/id/connect/endsession"
API = "/api/domain/odata/Crm_Sales_Customers?$top=1"
CONSENT = "/id/connect/authorize/consent"


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class _Forms(HTMLParser):
    """The forms of a page: their addresses and the fields that a browser would send."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append((attributes, {}))
        elif tag == "input" and self.forms and "name" in attributes and self._is_sent(attributes):
            self.forms[-1][1][attributes["name"]] = attributes.get("value") or ""

    @staticmethod
    def _is_sent(attributes):
        return attributes.get("type") not in ("submit", "button", "checkbox", "radio") or "checked" in attributes


def forms_of(response):
    parser = _Forms()
    parser.feed(response.content.decode())
    return parser.forms


def form_of(response, **attributes):
    """Address and fields of the one form with these attributes."""
    (found,) = [
        form for form in forms_of(response) if all(form[0].get(key) == value for key, value in attributes.items())
    ]
    return found[0].get("action", ""), found[1]


def answer_of(response):
    """Where an answer of the authorization endpoint goes, how, and with which parameters: each exactly once."""
    if response.status_code == 200:
        address, fields = form_of(response, id="form-post")
        return address, "form_post", fields
    assert response.status_code == 302, (response.status_code, response.content[:2000])
    parts = urlsplit(response["Location"])
    mode, text = ("fragment", parts.fragment) if parts.fragment else ("query", parts.query)
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    assert len(pairs) == len(dict(pairs)), pairs
    return parts._replace(query="" if mode == "query" else parts.query, fragment="").geturl(), mode, dict(pairs)


class RelyingParty:
    """An application at a browser (``client``, Django's test client)."""

    def __init__(self, client, application, *, scope="openid profile", pkce=True, **parameters):
        self.client = client
        self.application = application
        self.verifier = secrets.token_urlsafe(48) if pkce else None
        self.parameters = {
            "client_id": application.client_id,
            "redirect_uri": application.redirect_uri_list[0] if application.redirect_uris else None,
            "response_type": "code",
            "scope": scope,
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": challenge_of(self.verifier) if self.verifier else None,
            "code_challenge_method": "S256" if self.verifier else None,
            **parameters,
        }

    def request(self, **changes):
        """The parameters of a request; None leaves one out."""
        return {name: value for name, value in {**self.parameters, **changes}.items() if value is not None}

    def authorize(self, *, method="GET", **changes):
        """Send an authorization request. A POST is followed to the GET that it is answered with (ID-69)."""
        parameters = self.request(**changes)
        if method == "GET":
            return self.client.get(f"{AUTHORIZE}?{urlencode(parameters)}")
        response = self.client.post(AUTHORIZE, urlencode(parameters), content_type=FORM)
        return self.client.get(response["Location"]) if response.status_code == 303 else response

    def answer_consent(self, page, answer="allow", **changes):
        """Press a button of the consent page."""
        action, fields = form_of(page, id="consent")
        return self.client.post(action, {**fields, "answer": answer, **changes})

    def answer(self, **changes):
        """The parameters of the answer to a request; says yes to the consent page if there is one."""
        response = self.authorize(**changes)
        if response.status_code == 200 and b'id="consent"' in response.content:
            response = self.answer_consent(response)
        return answer_of(response)[2]

    def code(self, **changes):
        return self.answer(**changes)["code"]

    def post_token(self, *, headers=None, **fields):
        fields = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(TOKEN, urlencode(fields), content_type=FORM, headers=headers)

    @property
    def credentials(self):
        return {"client_id": self.application.client_id, "client_secret": self.application.plain_secret}

    @property
    def in_header(self):
        """What turns the credentials of a request into a Basic header (RFC 6749 §2.3.1)."""
        pair = ":".join(quote(value or "", safe="") for value in self.credentials.values())
        header = "Basic " + base64.b64encode(pair.encode()).decode()
        return {"headers": {"Authorization": header}, "client_id": None, "client_secret": None}

    def exchange(self, code, **changes):
        """The response to a code. None leaves a field out."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.parameters["redirect_uri"],
            "code_verifier": self.verifier,
            **self.credentials,
        }
        return self.post_token(**{**fields, **changes})

    def refresh(self, refresh_token, **changes):
        """The response to a refresh token."""
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.credentials}
        return self.post_token(**{**fields, **changes})

    def tokens(self, **changes):
        """The members of the token response after a whole sign-in."""
        response = self.exchange(self.code(**changes))
        assert response.status_code == 200, response.content
        return response.json()

    def call_api(self, access_token):
        """The status of a call to the Domain API."""
        return self.client.get(API, headers={"Authorization": f"Bearer {access_token}"}).status_code

    def userinfo(self, access_token):
        return self.client.get(USERINFO, headers={"Authorization": f"Bearer {access_token}"})

    def sign_out(self, id_token):
        """Sign the browser out, with a hint that proves which session is meant."""
        return self.client.get(f"{END_SESSION}?{urlencode({'id_token_hint': id_token})}")


def query_of(response):
    """The parameters of an address that a response redirects to, as lists."""
    return parse_qs(urlsplit(response["Location"]).query, keep_blank_values=True)
