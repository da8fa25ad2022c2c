"""Every page with a form, opened the way people come to it: what its policy lets a browser send is taken."""

import re

import pytest

from erpnet_identity.identity.mail import flush
from tests.support.page_rules import REFERRER_POLICIES
from tests.support.relying_party import END_SESSION

pytestmark = pytest.mark.django_db

LINK = re.compile(r"http://127.0.0.1:8000(/id/password/reset/\S+)")


@pytest.fixture
def pages(person, somebody, maria, web_app, mails, administrator):
    """Every page with a form, by the id of its form."""
    stranger, rp = somebody(), person.at(web_app)
    waiting = person.follow(rp.authorize())
    stranger.submit(stranger.open("/id/password/reset"), "reset", email=maria.email)
    flush()
    link = stranger.open(LINK.search(mails()[0].body)[1])
    consent = person.follow(person.submit(waiting, "signin", login="maria", password="correct horse battery"))
    boss = somebody()
    boss.browser.force_login(administrator)
    return {
        "signin": waiting,
        "consent": consent,
        "select-account": person.follow(rp.authorize(prompt="select_account")),
        "form-post": rp.authorize(response_mode="form_post", prompt="none"),
        "signout": person.open(END_SESSION),
        "change": person.open("/id/password/change"),
        "reset": stranger.open("/id/password/reset"),
        "reset-key": link,
        "user_form": boss.open("/admin/users/user/add/"),
        "reserve": boss.open("/manage/reservations"),
    }


def test_the_referrer_policy_lets_every_form_be_sent(pages):
    for form, page in pages.items():
        assert f'id="{form}"' in page.content.decode(), (form, page.status_code, page.content.decode()[:3000])
        assert page["Referrer-Policy"] in REFERRER_POLICIES, form
