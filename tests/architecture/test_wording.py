"""One word for one thing, in every language, on every page: the texts that were chosen stand, the others are gone."""

import ast
import re

import pytest
from django.apps import apps
from django.contrib import admin

from tests.architecture.test_translations import PageParser
from tests.tools import translations

ROOT = translations.ROOT
LOCAL = {"erpnet_identity", "trusted_apps", "erp_api"}
# In Python a text is a string with a space in it that is no docstring and no line of a log.
LOGGERS = {"debug", "info", "warning", "error", "exception", "critical", "RateLimitedWarning"}

# What stands on which page, in English.
TEXTS = [
    ("erpnet_identity/identity/texts.py", "Sign-in couldn't continue"),
    ("erpnet_identity/identity/texts.py", "User name or e-mail"),
    ("erpnet_identity/identity/texts.py", "Confirm new password"),
    ("templates/identity/password_reset.html", "Enter your e-mail. We'll send you a link to choose a new password."),
    ("templates/identity/password_changed.html", "Password changed"),
    ("templates/identity/password_reset_done.html", "Password changed"),
    ("templates/403.html", "You don't have access to this page"),
    ("trusted_apps/secret_forms.py", "Leave empty for a default name"),
    ("templates/admin/trusted_apps/trustedapplication/secret_created.html", "I've saved it"),
    ("templates/manage/end_session.html", "Keep session"),
    ("templates/manage/sessions.html", "no license free"),
    ("trusted_apps/admin/application.py", "Register a Trusted Application"),
]
# Other words for the same, and words that no page should have.
NOT_IN_ENGLISH = [
    r"(?i)\b(somebody|whoever)\b",
    r"(?i)\b(log|logs|logged|logging)[ -](in|on|out|off)\b",  # a login is what an account has
    r"(?i)\b(audit|event) (trail|log)s?\b|\bthe (trail|trace)\b|^trace$",
    r"\b[Tt]rusted applications?\b",
    r"(?i)\badd (an?|the|trusted) application",
    r"(?i)\bnew password again\b|\buser or e-mail\b|\bsign-(in|out) cannot go on\b|\bnot for you\b|\ba free name\b",
    r"(?i)\blet it go on\b|\bpassword is changed\b|\bi have stored it\b|\bno license is free\b",
]
CATALOGS = {
    "de": {
        "Password": "Passwort",
        "Since %(time)s (UTC)": "Seit dem %(time)s (UTC)",
        ("for up to %(days)d day", "for up to %(days)d days"): ("Höchstens %(days)d Tag", "Höchstens %(days)d Tage"),
    },
    "bg": {
        "Continue as %(name)s": "Продължи като %(name)s",
        "Ask for a new link": "Поискай нова връзка",
        "Scopes": "Права за достъп",
        "You don't have access to this page": "Нямате достъп до тази страница",
    },
}
# Parts of longer translations.
PARTS = {
    "de": ["das Formular noch einmal"],
    "bg": ["Въведете този адрес във Вашето приложение", "Удостоверява потребители", "права за достъп"],
}
# Other words, and the familiar forms of address: both languages are formal, and Bulgarian shows it by capital letters.
NOT_IN = {
    "de": [
        r"(?i)kennw[oö]rt",
        r"(?i)\b(du|dich|dir|dein\w*)\b",
        r"Wie lange",
        r"(?i)\b(einloggen|ausloggen|log-?in)\b(?!\))",
    ],
    "bg": [
        r"(?i)обхват|вписва|продължаване|заявяване|показване",
        r"(?i)\b(ти|теб|твой|твоя|твоето|твоите)\b",
        r"\b(вие|ви|вас|ваш|ваша|ваше|вашия|вашият|вашата|вашето|вашите)\b",
    ],
}


def _docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            yield node.body[0].value


def _logged(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in LOGGERS:
                yield from ast.walk(node)


def python_texts(source):
    tree = ast.parse(source)
    unseen = {id(node) for node in (*_docstrings(tree), *_logged(tree))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen:
            yield from [node.value] if " " in node.value else []


MARKS = re.compile(r"\{%\s*(?:translate|blocktranslate)[^%]*?(?:'([^']*)'|\"([^\"]*)\")[^%]*%\}")
# The tags of a marked text, and of the template around it.
TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def template_texts(source):
    marked = [single or double for single, double in MARKS.findall(source)]
    return [*marked, *PageParser(TAGS.sub("", source)).texts]


def texts():
    """Every text of a page or a command: where it stands, and it."""
    for package in sorted(LOCAL):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                for text in python_texts(path.read_text(encoding="utf-8")):
                    yield path.relative_to(ROOT).as_posix(), text
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for text in template_texts(path.read_text(encoding="utf-8")):
            yield path.relative_to(ROOT).as_posix(), text
    for path in sorted((ROOT / "templates").rglob("*.txt")):
        yield path.relative_to(ROOT).as_posix(), TAGS.sub("", path.read_text(encoding="utf-8"))


def found(patterns, source):
    return [
        (where, pattern, " ".join(text.split())[:120])
        for where, text in source
        for pattern in patterns
        if re.search(pattern, text)
    ]


def names_of_records():
    """What the administration calls its applications, records and columns."""
    for model in admin.site._registry:
        yield model._meta.label, str(model._meta.verbose_name)
        yield model._meta.label, str(model._meta.verbose_name_plural)
        for field in model._meta.fields:
            yield str(field), f"{field.verbose_name}: {field.help_text}"
    for config in apps.get_app_configs():
        if config.name.split(".")[0] in LOCAL:
            yield config.name, str(config.verbose_name)


def translated(language):
    for message in translations.read(language):
        if message.id:
            for text in message.string if isinstance(message.string, tuple) else (message.string,):
                yield message.id, text


@pytest.mark.parametrize(("path", "text"), TEXTS)
def test_the_chosen_texts_stand(path, text):
    assert text in (ROOT / path).read_text(encoding="utf-8")


def test_english_has_one_word_for_one_thing():
    assert found(NOT_IN_ENGLISH, texts()) == []
    assert found(NOT_IN_ENGLISH, names_of_records()) == []


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_the_chosen_translations_stand(language):
    stored = {message.id: message.string for message in translations.read(language) if message.id}
    for source, text in CATALOGS[language].items():
        assert stored[source] == text
    whole = "\n".join(text for _, text in translated(language))
    assert [part for part in PARTS[language] if part not in whole] == []


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_a_translation_has_one_word_for_one_thing(language):
    assert found(NOT_IN[language], translated(language)) == []


@pytest.mark.parametrize(
    "source",
    [
        'TEXT = "Ask whoever looks after it"',
        'def f():\n    """Whoever."""\n    return "You are logged in"',
        "<h1>Audit trail</h1>",
        "{% translate 'Trusted applications get tokens' %}",
        "{% blocktranslate %}somebody asked {{ name }}{% endblocktranslate %}",
        "<a title='Add an application'>x</a>",
    ],
)
def test_the_check_finds_what_it_should(source):
    read = template_texts if source.startswith(("<", "{")) else python_texts
    assert len(found(NOT_IN_ENGLISH, [("", text) for text in read(source)])) == 1


def test_the_check_leaves_out_what_nobody_reads_on_a_page():
    assert list(python_texts('"""Whoever reads."""\nlog.warning("the trail is full")')) == []
    assert "somebody" not in "".join(template_texts("{# somebody #}<p class='somebody'>x</p>"))
