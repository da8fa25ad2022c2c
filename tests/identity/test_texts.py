"""What the pages say of scopes, durations and errors, in each language."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from erpnet_identity.identity import texts
from erpnet_identity.instance.templatetags.pages import marked, waiting_time
from trusted_apps import scopes

DAY = 86400


@pytest.mark.contract("ID-81")
def test_every_scope_that_can_be_granted_is_explained():
    assert set(texts.SCOPE_TEXT) == (scopes.PROTOCOL | scopes.RESOURCE)
    assert len({str(text) for text in texts.SCOPE_TEXT.values()}) == len(texts.SCOPE_TEXT)


@pytest.mark.parametrize("language", ["bg", "de"])
def test_no_sentence_stays_english(language):
    sentences = [*texts.SCOPE_TEXT.values(), *texts.GROUP_TITLE.values(), *texts.ERROR_EXPLANATION.values()]
    english = [str(sentence) for sentence in sentences]
    with translation.override(language):
        assert [text for text, sentence in zip(english, sentences, strict=True) if str(sentence) == text] == []


@pytest.mark.parametrize(
    ("seconds", "english", "german", "bulgarian"),
    [
        (3600, "for one hour", "Eine Stunde", "един час"),
        (3601, "for up to 2 hours", "Höchstens 2 Stunden", "до 2 часа"),
        (10 * 3600, "for up to 10 hours", "Höchstens 10 Stunden", "до 10 часа"),
        (600, "for up to 1 hour", "Höchstens 1 Stunde", "до 1 час"),
        (DAY, "for up to 1 day", "Höchstens 1 Tag", "до 1 ден"),
        (36 * 3600, "for up to 36 hours", "Höchstens 36 Stunden", "до 36 часа"),
        (30 * DAY, "for up to 30 days", "Höchstens 30 Tage", "до 30 дни"),
        (30 * DAY + 1, "for up to 31 days", "Höchstens 31 Tage", "до 31 дни"),
    ],
)
def test_how_long(seconds, english, german, bulgarian):
    assert texts.duration_text(seconds) == english
    with translation.override("de"):
        assert texts.duration_text(seconds) == german
    with translation.override("bg"):
        assert texts.duration_text(seconds) == bulgarian


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes"), (3600, "1 hour"), (3601, "2 hours")],
)
def test_nobody_is_told_to_come_back_too_early(seconds, text):
    assert waiting_time(seconds) == text


@pytest.mark.contract("ID-47", "ID-48", "ID-50")
def test_every_error_has_an_explanation():
    explanations = {
        str(texts.error_explanation(code))
        for code in ("unauthorized_client", "invalid_redirect_uri", "invalid_request")
    }
    assert len(explanations) == 3
    assert texts.error_explanation("never heard of it") is texts.ERROR_IN_GENERAL


@pytest.mark.parametrize("language", ["bg", "de"])
def test_the_rules_for_passwords_are_translated_as_well(language):
    with translation.override(language):
        for text in (
            "This password is too common.",
            "This password is too short. It must contain at least %d character.",
        ):
            assert gettext(text) != text or translation.ngettext(text, text + "s", 8) != text


def test_a_line_of_the_list_of_changes():
    assert marked("**Bold** & `code` <script>") == ("<strong>Bold</strong> &amp; <code>code</code> &lt;script&gt;")
