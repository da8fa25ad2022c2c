"""An application's request waits while somebody signs in: nothing of it is lost, and nobody gets past the page."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from erpnet_identity.edge.policy import LEADING_AWAY
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.identity.signed_request import unseal
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from tests.support.relying_party import AUTHORIZE, answer_of, form_of, query_of

pytestmark = pytest.mark.django_db

RESUME = "/id/connect/authorize/resume"
HOSTILE = [
    "a+b c%20&=?#/;:@",
    " space before and after ",
    "ü € 漢字 ‮ \U0001f600",
    "<script>alert('x')</script>\"&quot;",
    "%00%0D%0A%",
    "{{ 7 }}{% now 'U' %}",
    "x" * 1024,
    # What no compression makes shorter.
    "".join(chr(0x4E00 + 7919 * number % 20000) for number in range(1024)),
]


@pytest.fixture
def rp(person, web_app):
    return person.at(web_app)


@pytest.fixture
def signed_in(person, maria, rp):
    """Maria signed in an hour ago and agreed to everything."""
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=True):
        person.sign_in("maria")
        rp.answer()


def sign_in(person, page, login="maria", password="correct horse battery"):
    return person.submit(page, "signin", login=login, password=password)


class TestFirstSignIn:
    @pytest.mark.contract("ID-62", "ID-65", "OP-80")
    def test_the_page_names_the_application(self, person, rp, web_app):
        page = person.follow(rp.authorize())
        assert web_app.name in page.content.decode()
        assert page["Content-Security-Policy"] == LEADING_AWAY
        answer = person.click(page, "signin-cancel")
        assert answer_of(answer)[2] == {
            "error": "access_denied",
            "error_description": "The person cancelled",
            "state": "a state",
            "iss": "http://127.0.0.1:8000/id",
        }

    @pytest.mark.contract("OP-73", "OP-95", "ID-64", "ID-80")
    @pytest.mark.parametrize("state", HOSTILE)
    def test_a_failed_attempt_loses_nothing(self, state, person, rp, maria, said):
        page = person.follow(rp.authorize(state=state))
        for password in ("wrong", ""):
            page = sign_in(person, page, password=password)
            assert said(page) == "failed"
        response = sign_in(person, page)
        assert response["Location"].startswith(RESUME + "?")
        address, mode, answer = answer_of(rp.answer_consent(person.follow(response)))
        assert (address, mode) == ("https://web.example.com/callback", "query")
        assert answer["state"] == state
        claims = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert (claims["sub"], claims["nonce"], claims["sid"]) == (
            "maria",
            "a nonce",
            IdentitySession.objects.get().sid,
        )

    @pytest.mark.contract("OP-95", "OP-73")
    @pytest.mark.parametrize(
        "changes",
        [
            {"response_type": "code id_token", "response_mode": "form_post"},
            {"state": None},
            {"claims": '{"id_token":{"name":{"essential":true}}}'},
            {"prompt": "login consent", "max_age": "0"},
        ],
    )
    def test_every_parameter_survives(self, changes, person, rp, maria, boris, somebody):
        person.sign_in("boris")
        response = rp.authorize(**{"prompt": "login", **changes})
        page = person.follow(response)
        page = sign_in(person, page, password="wrong")
        response = sign_in(person, page)
        (sealed,) = query_of(response)["request"]
        assert unseal(sealed).parameters == rp.request(**{"prompt": "login", **changes})
        answer = answer_of(rp.answer_consent(person.follow(response)))[2]
        assert "code" in answer
        assert ("state" in answer) is ("state" not in changes)

    @pytest.mark.contract("OP-95")
    def test_parameters_with_two_values_and_none(self, person, rp, maria):
        address = (
            f"{AUTHORIZE}?{urlencode(rp.request())}&resource=https://a.example&resource=https://b.example&display="
        )
        page = person.follow(person.open(address))
        answer = answer_of(rp.answer_consent(person.follow(sign_in(person, page))))[2]
        assert "code" in answer

    @pytest.mark.contract("ID-42")
    def test_login_hint(self, person, rp, maria):
        page = person.follow(rp.authorize(login_hint='maria"><b>'))
        assert re.search(r'<input [^>]*name="login"[^>]*value="maria&quot;&gt;&lt;b&gt;"', page.content.decode())

    @pytest.mark.contract("ID-43", "OP-58")
    def test_the_language_that_the_application_asks_for(self, person, rp):
        page = person.follow(rp.authorize(ui_locales="fr de-AT en"))
        assert page["Content-Language"] == "de"
        assert '<html lang="de"' in page.content.decode()
        # The person's own choice is stronger.
        address = page.wsgi_request.get_full_path()
        assert person.open(f"{address}&language=bg")["Content-Language"] == "bg"

    @pytest.mark.contract("OP-104")
    def test_wrong_kind_of_account(self, person, rp, maria, password, said):
        UserFactory(login="guest", community=True, password=password)
        page = person.follow(sign_in(person, person.follow(rp.authorize()), "guest"))
        assert said(page) == "access_denied"
        page = person.click(page, "wrong-account-other")
        assert said(page) == "asked"
        page = person.follow(sign_in(person, page))
        assert answer_of(rp.answer_consent(page))[2]["state"] == "a state"


class TestAgain:
    @pytest.mark.contract("ID-74", "OP-94", "ID-77")
    def test_the_old_session_does_not_get_past(self, signed_in, person, rp, said):
        response = rp.authorize(prompt="login")
        (sealed,) = query_of(response)["request"]
        for address in (response["Location"], response["Location"], f"/id/signin?request={sealed}&other=1"):
            assert person.open(address).status_code == 200
        # Going on by hand, or as after choosing an account.
        sid = IdentitySession.objects.get().sid
        for text in (sealed, unseal(sealed).with_choice(sid).seal()):
            response = person.browser.get(RESUME, {"request": text})
            assert response["Location"].startswith("/id/signin?request=")
        page = person.browser.get("/id/account", {"request": sealed})
        response = person.submit(page, "select-account", choice="continue")
        assert person.follow(response)["Location"].startswith("/id/signin?request=")
        # Neither does an attempt that fails, and what one adds to the address changes nothing.
        page = person.open(f"/id/signin?request={sealed}&prompt=none&max_age=&next=/")
        assert said(sign_in(person, page, password="wrong")) == "failed"
        assert person.browser.get(RESUME, {"request": sealed})["Location"].startswith("/id/signin?request=")

    @pytest.mark.contract("OP-94", "OP-104", "ID-75")
    @pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "60"}])
    def test_asks_the_same_person(self, changes, signed_in, person, rp, said):
        before = IdentitySession.objects.get()
        page = person.follow(rp.authorize(**changes))
        assert said(page) == "asked-again"
        text = page.content.decode()
        assert "<strong>Maria</strong>" in text
        assert re.search(r'<input [^>]*name="login"[^>]*value="maria"', text)
        answer = answer_of(person.follow(sign_in(person, page)))[2]
        claims = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert claims["sid"] == before.sid
        assert claims["auth_time"] > before.auth_time.timestamp() + 3000

    @pytest.mark.contract("ID-76", "OP-73", "OP-104")
    def test_somebody_else_answers(self, signed_in, person, rp, boris):
        before = IdentitySession.objects.get()
        page = person.follow(rp.authorize(prompt="login", state=HOSTILE[0]))
        page = person.follow(sign_in(person, page, "boris"))
        answer = answer_of(rp.answer_consent(page))[2]
        assert answer["state"] == HOSTILE[0]
        claims = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert claims["sub"] == "boris"
        assert claims["sid"] != before.sid

    @pytest.mark.contract("OP-94")
    def test_going_back_after_it(self, signed_in, person, rp):
        """The page that is not needed any more leads on and asks for nothing."""
        response = rp.authorize(prompt="login")
        sign_in(person, person.follow(response))
        again = person.follow(response)
        assert again["Location"].startswith(RESUME)
        assert "code" in answer_of(person.follow(again))[2]

    def test_nobody_in_particular_is_asked_when_another_is_wanted(
        self, signed_in, person, rp, somebody, web_app, boris
    ):
        other = somebody()
        other.sign_in("boris")
        hint = other.at(web_app).tokens()["id_token"]
        page = person.follow(rp.authorize(id_token_hint=hint))
        assert "Maria" not in page.content.decode()
        assert not re.search(r'<input [^>]*name="login"[^>]*value=', page.content.decode())
        page = person.follow(rp.authorize(prompt="login", login_hint="boris"))
        assert re.search(r'<input [^>]*name="login"[^>]*value="boris"', page.content.decode())
        assert "Maria" not in page.content.decode()


class TestAnotherAccount:
    @pytest.mark.contract("OP-73", "OP-96")
    @pytest.mark.parametrize("state", HOSTILE)
    def test_from_the_consent_page(self, state, person, rp, maria, boris, said):
        """Also when the request has been answered by a sign-in already."""
        page = person.follow(sign_in(person, person.follow(rp.authorize(state=state))))
        page = person.click(page, "consent-switch")
        assert said(page) == "asked"
        assert not re.search(r'<input [^>]*name="login"[^>]*value=', page.content.decode())
        page = person.follow(sign_in(person, page, "boris"))
        assert "Boris" in page.content.decode()
        assert answer_of(rp.answer_consent(page))[2]["state"] == state

    @pytest.mark.contract("OP-96", "OP-92", "ID-40")
    def test_go_on_as_whoever_is_signed_in(self, signed_in, person, rp, web_app, said):
        page = person.follow(rp.authorize(prompt="select_account"))
        text = page.content.decode()
        assert said(page) == "asked"
        assert "Maria" in text
        assert web_app.name in text
        assert "no-store" in page["Cache-Control"]
        assert page["Content-Security-Policy"] == LEADING_AWAY
        answer = answer_of(person.follow(person.submit(page, "select-account", choice="continue")))[2]
        assert claims_of(rp.exchange(answer["code"]).json()["id_token"])["sub"] == "maria"

    @pytest.mark.contract("OP-96", "OP-73")
    def test_choose_another(self, signed_in, person, rp, boris):
        page = person.follow(rp.authorize(prompt="select_account", state=HOSTILE[1]))
        page = person.follow(sign_in(person, person.click(page, "select-other"), "boris"))
        answer = answer_of(rp.answer_consent(page))[2]
        assert answer["state"] == HOSTILE[1]
        assert claims_of(rp.exchange(answer["code"]).json()["id_token"])["sub"] == "boris"

    @pytest.mark.contract("OP-96")
    def test_both_prompts(self, signed_in, person, rp):
        page = person.follow(rp.authorize(prompt="login select_account"))
        assert form_of(page, id="signin")

    @pytest.mark.contract("ID-65")
    def test_cancel(self, signed_in, person, rp):
        page = person.follow(rp.authorize(prompt="select_account"))
        assert answer_of(person.click(page, "select-cancel"))[2]["error"] == "access_denied"

    def test_somebody_else_signed_in_in_another_window(self, signed_in, person, rp, boris):
        """The button says “Continue as Maria” and must not go on as anybody else."""
        page = person.follow(rp.authorize(prompt="select_account"))
        person.sign_in("boris", at="/id/signin?other=1")
        # The form token of the old page is void with the new sign-in; this is a page that was loaded after it.
        fields = {**form_of(page, id="select-account")[1], "choice": "continue"}
        fields["csrfmiddlewaretoken"] = form_of(person.open("/id/password/change"), id="change")[1][
            "csrfmiddlewaretoken"
        ]
        again = person.browser.post("/id/account", fields)
        assert again.status_code == 200
        assert "Boris" in again.content.decode()

    def test_nothing_to_choose(self, person, rp, maria):
        (sealed,) = query_of(rp.authorize())["request"]
        assert person.browser.get("/id/account", {"request": sealed})["Location"].startswith("/id/signin?request=")
        assert person.open("/id/account")["Location"] == "/id/"

    def test_another_button(self, signed_in, person, rp):
        page = person.follow(rp.authorize(prompt="select_account"))
        assert person.submit(page, "select-account", choice="x").status_code == 200


class TestSeals:
    @pytest.mark.contract("ID-67", "OP-103")
    @pytest.mark.parametrize("path", ["/id/signin", "/id/account"])
    @pytest.mark.parametrize("text", ["x", "a:b:c", "é", "https://evil.example"])
    def test_not_ours(self, path, text, person, said):
        page = person.follow(person.browser.get(path, {"request": text}))
        assert page.status_code == 400
        assert "invalid_request" in page.content.decode()

    @pytest.mark.contract("OP-103")
    @pytest.mark.parametrize("hours", [2, 7])
    def test_a_page_that_was_open_for_hours(self, hours, person, rp, maria):
        """The person signs in and is sent on."""
        with time_machine.travel(timezone.now() - timedelta(hours=hours), tick=True):
            page = person.follow(rp.authorize())
        page = person.follow(sign_in(person, page))
        assert "code" in answer_of(rp.answer_consent(page))[2]

    @pytest.mark.contract("OP-103")
    @pytest.mark.parametrize("days", [1, 400])
    def test_a_bookmark(self, days, person, rp, web_app, maria):
        """The person signs in, reads which application it was for, and is led back to it."""
        with time_machine.travel(timezone.now() - timedelta(days=days), tick=True):
            address = rp.authorize()["Location"]
        response = sign_in(person, person.open(address))
        page = person.follow(response)
        assert page.status_code == 400
        text = page.content.decode()
        assert "request_expired" in text
        assert web_app.name in text
        assert re.search(r'id="return-to-app" href="https://web.example.com/"', text)
        assert person.is_signed_in
        # The same for a person who is signed in already, and nothing was told to the application.
        page = person.follow(person.open(address))
        assert web_app.name in page.content.decode()

    @pytest.mark.contract("OP-103")
    def test_a_bookmark_of_an_address_that_is_not_registered_any_more(self, person, rp, web_app, maria):
        with time_machine.travel(timezone.now() - timedelta(days=1), tick=True):
            address = rp.authorize()["Location"]
        web_app.redirect_uris = "https://new.example.com/callback"
        web_app.save()
        page = person.follow(sign_in(person, person.open(address)))
        assert "request_expired" in page.content.decode()
        assert "web.example.com" not in page.content.decode()

    def test_the_application_is_gone(self, person, rp, web_app, maria):
        response = rp.authorize()
        web_app.is_enabled = False
        web_app.save()
        page = person.follow(person.follow(response))
        assert page.status_code == 400
        assert "unauthorized_client" in page.content.decode()
