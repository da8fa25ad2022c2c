"""Guessing from one address: slowed down, answered with 429, and never a reason to stop when the cache is away."""

import pytest

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.platform import throttle as counting
from tests.factories.users import UserFactory
from tests.support.clock import counters_clock
from tests.support.relying_party import query_of

pytestmark = pytest.mark.django_db


clock = counters_clock


@pytest.fixture
def away(monkeypatch):
    """There is no cache."""

    def fail(*args, **kwargs):
        raise ConnectionError("refused")

    monkeypatch.setattr(counting, "cache", type("Away", (), {"get": fail, "add": fail, "incr": fail})())


def fail(person, times, login="user{}"):
    return [person.sign_in(login.format(number), "wrong").status_code for number in range(times)]


@pytest.mark.contract("OP-234")
class TestSignIn:
    @pytest.fixture(autouse=True)
    def _limit(self, settings, clock):
        settings.SIGN_IN_FAILURES_PER_MINUTE = 6

    def test_failures_of_an_address(self, person, maria, said, clock):
        """Whichever accounts were tried."""
        assert fail(person, 6) == [200] * 6
        page = person.sign_in("maria")
        assert page.status_code == 429
        assert page["Retry-After"] == "48"
        assert said(page) == "throttled"
        assert 'value="maria"' in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        # The trail is not filled by whoever is slowed down, and the page itself can be opened.
        assert AuditEvent.objects.filter(name="user.sign_in_refused").count() == 6
        assert person.open("/id/signin").status_code == 200
        clock(60)
        assert person.sign_in("maria").status_code == 302

    def test_another_address_is_not_held_up(self, person, maria):
        fail(person, 7)
        page = person.open("/id/signin")
        person.browser.defaults["REMOTE_ADDR"] = "192.0.2.7"
        assert person.submit(page, "signin", login="maria", password="correct horse battery").status_code == 302

    def test_workers_count_together(self, person, maria):
        """One that has not heard yet gives one more guess, and then it knows."""
        fail(person, 6)
        counting.forget_all()
        assert fail(person, 2) == [429, 429]
        assert person.sign_in("maria").status_code == 429

    def test_successes_and_empty_fields_are_not_counted(self, person, maria):
        assert {person.sign_in("maria", at="/id/signin?other=1").status_code for _ in range(8)} == {302}
        assert {person.sign_in("", "", at="/id/signin?other=1").status_code for _ in range(8)} == {200}
        assert person.sign_in("maria", at="/id/signin?other=1").status_code == 302

    @pytest.mark.contract("OP-95", "OP-73")
    def test_the_request_goes_on_waiting(self, person, web_app, maria, clock):
        rp = person.at(web_app, state="a+b %")
        fail(person, 7)
        page = person.follow(rp.authorize())
        page = person.submit(page, "signin", login="maria", password="correct horse battery")
        assert page.status_code == 429
        clock(60)
        response = person.submit(page, "signin", login="maria", password="correct horse battery")
        assert query_of(response)["request"]

    def test_the_current_password_counts_as_well(self, person, maria):
        person.sign_in("maria")
        page = person.open("/id/password/change")
        typed = {"password1": "another long one", "password2": "another long one"}
        for number in range(6):
            UserFactory(login=f"user{number}")
        fail_page = person.submit(page, "change", oldpassword="wrong", **typed)
        assert fail_page.status_code == 200
        assert fail_five_more(person) == [200] * 5
        page = person.open("/id/password/change")
        assert person.submit(page, "change", oldpassword="correct horse battery", **typed).status_code == 429

    @pytest.mark.contract("OPS-03")
    def test_goes_on_without_a_cache(self, person, maria, away, caplog):
        assert fail(person, 9) == [200] * 9
        assert person.sign_in("maria").status_code == 302


def fail_five_more(person):
    page = person.open("/id/signin?other=1")
    return [person.submit(page, "signin", login=f"user{number}", password="wrong").status_code for number in range(5)]


class TestResetRequests:
    @staticmethod
    def ask(person, email):
        return person.submit(person.open("/id/password/reset"), "reset", email=email)

    @pytest.mark.contract("OP-234")
    def test_per_address(self, person, clock, said):
        codes = [self.ask(person, f"nobody{number}@example.com").status_code for number in range(11)]
        assert codes == [302] * 10 + [429]
        page = self.ask(person, "one.more@example.com")
        assert page["Retry-After"] == "48"
        assert said(page) == "throttled"
        clock(60)
        assert self.ask(person, "one.more@example.com").status_code == 302

    @pytest.mark.contract("OP-234", "ID-64")
    @pytest.mark.parametrize("email", ["maria@example.com", "nobody@example.com"])
    def test_per_mailbox_and_silently(self, email, person, maria, clock, mails):
        spelt = [email, email.upper(), email.title(), email, email]
        assert {self.ask(person, text)["Location"] for text in spelt} == {"/id/password/reset/sent"}
        assert len(mails()) == (3 if "maria" in email else 0)
        causes = [event.cause for event in AuditEvent.objects.order_by("id")]
        known = "" if "maria" in email else "unknown_email"
        assert causes == [known] * 3 + ["too_many_requests"] * 2
        clock(900)
        self.ask(person, email)
        assert len(mails()) == (4 if "maria" in email else 0)

    @pytest.mark.contract("OPS-03")
    def test_goes_on_without_a_cache(self, person, maria, away, mails):
        for _ in range(12):
            assert self.ask(person, "maria@example.com").status_code == 302
        assert len(mails()) == 12
