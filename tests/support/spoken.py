"""What a person reads on a page, and the English in it that they should not meet."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import django
from babel.messages.mofile import read_mo

from tests.tools import translations

READ_ALOUD = ("alt", "aria-label", "placeholder", "title", "data-show", "data-hide", "data-what")
UNSEEN = {"script", "style"}
WITHOUT_END = {"input", "link", "meta", "img", "br", "path", "rect", "circle"}
# Names are the same in every language, and so is what is typed into a configuration or a program.
NAMES = re.compile(
    r"ERP Identity|Identity Server|Instance Manager|Domain API|OAuth 2\.0|OpenID Connect|OData 4|\(UTC\)|"
    r"https?://\S+|\S*example\.com\S*|127\.0\.0\.1\S*|"
    r"nginx: proxy_set_header [\w-]+ \$\w+|X-Forwarded-Proto|HTTPS|ALLOWED_HOSTS|TRUSTED_PROXIES|"
    r"ERPNET_PROXY_STRIPS_PATH (\w+ )?(on|off)\b|/departments/north"
)
WORD = re.compile(r"[^\W\d_]{2,}")
LATIN = re.compile(r"[A-Za-z]{2,}")


class _Reader(HTMLParser):
    """Collects texts in the language of the page, without what is marked as of another one, and codes."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.language, self.texts, self.open = "", [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = attributes.get("lang", "")
        is_other = attributes.get("lang", self.language) != self.language
        is_code = "mono" in attributes.get("class", "").split() or tag == "code"
        is_skipped = is_other or is_code or tag in UNSEEN or bool(self.open and self.open[-1][1])
        if tag not in WITHOUT_END:
            self.open.append((tag, is_skipped))
        if not is_skipped:
            self.texts += [attributes[name] for name in READ_ALOUD if name in attributes]

    def handle_startendtag(self, tag, attrs):
        """Nothing is read in it."""

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not (self.open and self.open[-1][1]):
            self.texts.append(data)


def language_of(page):
    return _Reader(page).language


def spoken(page):
    """The text of a page, or of a mail, without names."""
    text = " ".join(" ".join(_Reader(page).texts).split()) if page.lstrip().startswith("<") else page
    return NAMES.sub(" ", text)


def _catalogs():
    root = Path(django.__file__).parent
    for language in translations.LANGUAGES:
        yield translations.path_of(language, "mo")
        for part in ("conf", "contrib/auth"):
            yield root / part / "locale" / language / "LC_MESSAGES" / "django.mo"


@cache
def english_words():
    """The words of all texts that are translated, ours and Django's, without those that occur in a translation too:
    ``Name`` and ``in`` are German as well."""
    english, others = set(), set()
    for path in _catalogs():
        with path.open("rb") as file:
            for message in read_mo(file):
                for texts, words in ((message.id, english), (message.string, others)):
                    for text in (texts,) if isinstance(texts, str) else texts:
                        words.update(word.lower() for word in WORD.findall(re.sub(r"%\(\w+\)[sd]", " ", text)))
    return english - others


def english_in(page, language, known=()):
    """The English words that somebody reads on a page in another language. ``known`` are names of people and things.

    In Bulgarian every word in Latin letters is one of another language; in German it takes a list.
    """
    text = spoken(page)
    for name in known:
        text = text.replace(name, " ")
    if language == "bg":
        return LATIN.findall(text)
    return [word for word in WORD.findall(text) if word.lower() in english_words()]
