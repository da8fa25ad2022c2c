"""The catalogs of translations: collected from the sources, merged, compared, compiled. ``.ci/translations`` calls it.

Nothing but Python is needed for it: Django turns a template into something that looks like Python, Babel reads that.
A catalog holds no dates and no line numbers, so that a file only changes when a text does.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("bg", "de")
PACKAGES = ("erpnet_identity", "trusted_apps", "erp_api")
# Administration is written in English only.
UNTRANSLATED = (ROOT / "templates" / "admin", ROOT / "templates" / "manage")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
WIDTH = 110
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}|(</?\w+[^>]*>)")
STOPS = ".:?!"


class _Catalog(Catalog):
    """A catalog whose header says what a reader of the file needs and nothing that changes by itself."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "ERP Identity"),
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]

    @mime_headers.setter
    def mime_headers(self, headers: Any) -> None:
        """What the file says is said again from the language alone."""


def templates() -> list[Path]:
    """Every template whose texts are translated."""
    files = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("templates/**/*.txt")]
    return sorted(path for path in files if not set(UNTRANSLATED) & set(path.parents))


def _sources() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
    for path in templates():
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        # The indentation of a page means nothing to Python.
        yield path, "\n".join(line.strip() for line in code.splitlines())


def collected() -> Catalog:
    """Every text of the sources that is marked for translation."""
    found = Catalog()
    for path, code in _sources():
        name = path.relative_to(ROOT).as_posix()
        texts = extract(
            "python", io.BytesIO(code.encode()), KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for _, message, comments, context in texts:
            found.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return found


def path_of(language: str, suffix: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def read(language: str) -> Catalog:
    """The catalog of a language as it is; an empty one before there is any."""
    catalog = _Catalog(language, header_comment="", fuzzy=False)
    path = path_of(language, "po")
    if path.exists():
        with path.open("rb") as file:
            for message in read_po(file, language):
                if message.id:
                    catalog[message.id] = message
    return catalog


def merged(language: str) -> Catalog:
    """The catalog with every text of the sources and no other. A text that resembles an old one takes over its
    translation, marked as fuzzy for somebody to look at."""
    old = read(language)
    old.update(collected(), no_fuzzy_matching=False)
    catalog = _Catalog(language, header_comment="", fuzzy=False)
    for message in old:
        if message.id:
            catalog[message.id] = message
    return catalog


def as_po(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=WIDTH, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    return buffer.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def update() -> None:
    """Write the ``.po`` files anew from the sources, keeping what is translated."""
    for language in LANGUAGES:
        path = path_of(language, "po")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(merged(language)))


def compile_all() -> None:
    """Write the ``.mo`` files, which are what Django reads."""
    for language in LANGUAGES:
        path_of(language, "mo").write_bytes(as_mo(read(language)))


def _parts(text: str) -> list[str]:
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text))


def faults_of(message: Message, plurals: int) -> Iterator[str]:
    """What is wrong with one translation."""
    sources = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    if not all(strings) or (len(sources) > 1 and len(strings) != plurals):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is fuzzy: look at it and remove the mark"
    for string in strings:
        if _parts(string) not in [_parts(source) for source in sources]:
            yield f"has other placeholders or tags in {string!r}"
        ends = {source[-1] if source[-1] in STOPS else "" for source in sources}
        if (string[-1] if string[-1] in STOPS else "") not in ends:
            yield f"ends differently in {string!r}"


def faults(language: str) -> list[str]:
    """What is wrong with the catalog of a language, a line each."""
    catalog = read(language)
    found = [
        f"{language}: {message.id!r} {fault}"
        for message in catalog
        if message.id
        for fault in faults_of(message, catalog.num_plurals)
    ]
    po, mo = path_of(language, "po"), path_of(language, "mo")
    if not po.exists() or po.read_bytes() != as_po(merged(language)):
        found.append(f"{language}: the catalog does not fit the sources: run .ci/translations update")
    if not mo.exists() or mo.read_bytes() != as_mo(catalog):
        found.append(f"{language}: django.mo does not fit django.po: run .ci/translations compile")
    return found
