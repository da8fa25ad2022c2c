"""Every text that people read is marked for translation, and translated, in every language of the pages."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings

from tests.tools import translations

TEMPLATES = translations.templates()
ENGLISH = sorted(translations.ROOT.glob("templates/manage/*.html"))
# Names are the same in every language; so are the marks between them.
NAMES = re.compile(r"ERP Identity|/tools/[a-z-]+|[\W\d_]+")
# What is translated, what is never shown, the names of classes that one template hands to another, and the language of
# templates itself.
MARKED = re.compile(
    r"\{%\s*(blocktranslate|comment)\b.*?\{%\s*end\1\s*%\}|\{%\s*block\s+\w+_class\s*%\}.*?\{%\s*endblock\s*%\}"
    r"|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)
READ_ALOUD = {"alt", "aria-label", "placeholder", "title", "data-show", "data-hide", "data-what"}
FROM_OURSELVES = ("/", "?", "#")


def without_template_language(source):
    """The template's own text: what is written into the page as it stands."""
    return MARKED.sub("", source)


class PageParser(HTMLParser):
    """Collects what a person would read, and what the content policy would refuse."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.texts, self.forbidden = [], []
        self.feed(without_template_language(source))
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.texts += [value for name, value in attributes.items() if name in READ_ALOUD]
        self.forbidden += [name for name in attributes if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.forbidden.append(f"<{tag}>")
        if tag == "input" and attributes.get("type") in ("submit", "button", "reset"):
            self.texts.append(attributes.get("value", ""))
        for name in ("src", "href", "action"):
            target = attributes.get(name, "")
            if target and (target.startswith("//") or not target.startswith(FROM_OURSELVES)):
                self.forbidden.append(f"{name}={target}")

    def handle_data(self, data):
        self.texts.append(data)


def unmarked(source):
    """Words of a template that are shown as they stand, whatever the language."""
    return [text.strip() for text in PageParser(source).texts if NAMES.sub("", text)]


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_every_text_is_translated(language):
    assert translations.faults(language) == []


def test_the_languages_of_the_settings_have_catalogs():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *translations.LANGUAGES}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(translations.ROOT).as_posix())
class TestTemplates:
    def test_every_text_is_marked(self, path):
        assert unmarked(path.read_text(encoding="utf-8")) == []

    @pytest.mark.contract("OP-230")
    def test_nothing_that_the_content_policy_refuses(self, path):
        assert PageParser(path.read_text(encoding="utf-8")).forbidden == []


@pytest.mark.contract("OP-230")
@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.relative_to(translations.ROOT).as_posix())
def test_nothing_that_the_content_policy_refuses_in_english_either(path):
    assert PageParser(path.read_text(encoding="utf-8")).forbidden == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{% translate 'Hello' %} · ERP Identity</p>", []),
        ("{% blocktranslate trimmed %}Hello <b>you</b>{% endblocktranslate %}", []),
        ("<a href='/' aria-label='Home'>{{ name }}</a>", ["Home"]),
        ("<input type=submit value=Send>", ["Send"]),
        ("<p>{# Not shown #}{% if a %}Shown{% endif %}</p>", ["Shown"]),
    ],
)
def test_the_check_for_marks_finds_what_it_should(source, found):
    assert unmarked(source) == found


@pytest.mark.parametrize(
    "source",
    ["<p style='x'>", "<p onclick='x'>", "<style>", "<script>x</script>", "<img src='//x'>", "<a href='https://x'>"],
)
def test_the_check_for_the_policy_finds_what_it_should(source):
    assert len(PageParser(source).forbidden) == 1


def test_a_wrong_translation_is_found():
    catalog = translations.read("de")
    (message,) = [message for message in catalog if message.id == "Continue as %(name)s"]
    message.string = "Weiter als %(nmae)s."
    assert len(list(translations.faults_of(message, plurals=2))) == 2
    message.string = ""
    assert list(translations.faults_of(message, plurals=2)) == ["is not translated"]
