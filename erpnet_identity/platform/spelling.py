"""When two texts are one to a reader: folding, invisible characters, letters that look alike. Pure (ID-63, OP-112).

Databases disagree about letters outside ASCII: SQLite knows no case of them, PostgreSQL's depends on its locale, and
neither knows that a letter and its accent may be one character or two. So it is decided here, and the result is stored.
"""

import re
import unicodedata
from collections.abc import Iterator

# Unicode's Default_Ignorable_Code_Point where it is not of category Cf, and the blank that is no space: nothing shows.
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_unseen = re.compile(f"[{_UNSEEN}]")

# Letters that are drawn like a Latin one, of the scripts that are: Cyrillic, Greek, Armenian, and Latin's own doubles
# (Unicode TR39, confusables, without those inside ASCII such as l and 1). As they are written: В looks like B, в does
# not look like b.
_CYRILLIC = ("АВСЕНІЈКМОРЅТУХҮԌԚԜӀҺасеіјорѕухһԁԛԝӏүѵ", "ABCEHIJKMOPSTYXYGQWIHaceijopsyxhdqwlyv")
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳαινορυκϲγ", "ABEZHIKMNOPTYXCjaivopukcy")
_ARMENIAN = ("ՕՏՍՈԼՒհոսօցզ", "OSUNLLhnuogq")
_LATIN = ("ıɑɡʏ", "iagy")
_LOOKS: dict[int, int] = {}
for _letters, _like in (_CYRILLIC, _GREEK, _ARMENIAN, _LATIN):
    _LOOKS |= str.maketrans(_letters, _like)
# A longer text is nobody's login, name or password, and is left alone: ordering the accents of one letter takes time by
# the square of their number, during which nothing else in the process runs.
LONGEST = 1024
# Scripts that are written together (TR39, "highly restrictive"); any other login keeps to one.
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)


def fold(text: str) -> str:
    """What all spellings of a text have in common: compatibility forms, letter case and what does not show are gone
    (Unicode's toNFKC_Casefold). Folding twice changes nothing. A text of which nothing shows is nobody's: it stays as
    it is rather than becoming the empty text, and so does one that is longer than ``LONGEST``."""
    if text.isascii():
        return text.lower()
    if len(text) > LONGEST:
        return text
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold()).casefold()
    folded = "".join(character for character in folded if not is_invisible(character))
    return unicodedata.normalize("NFKC", folded) or text


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing by itself, or changes how others show: zero width, text direction."""
    return unicodedata.category(character) == "Cf" or _unseen.match(character) is not None


def hidden(text: str) -> str:
    """The first invisible character or control of a text as ``U+200B ZERO WIDTH SPACE``; empty when there is none.
    White space shows as space."""
    for character in text:
        if is_invisible(character) or (unicodedata.category(character) in ("Cc", "Cs") and not character.isspace()):
            return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
    return ""


def text_problem(text: str, what: str) -> str:
    """Why a name is refused, as a sentence that begins with ``what``; empty for a good one. It is shown to people who
    decide by it: nothing in it may be hidden or turn the direction of what stands beside it."""
    found = hidden(text)
    return f"{what} holds the invisible character {found}." if found else ""


def look(text: str) -> str:
    """What a text looks like, in Latin letters where it could be some: two logins with the same look are one to a
    reader, ``сара`` in Cyrillic and ``capa`` (TR39 §4, with a table of our own)."""
    if len(text) > LONGEST:
        return fold(text)
    return fold(unicodedata.normalize("NFD", text).translate(_LOOKS))


def _scripts(text: str) -> Iterator[str]:
    """The scripts of the letters and foreign digits. Every letter's name begins with its script's."""
    for character in text:
        category = unicodedata.category(character)
        if category in ("Lu", "Ll", "Lt", "Lo") or (category == "Nd" and not character.isascii()):
            yield unicodedata.name(character, "UNKNOWN").split()[0].removesuffix("-INDIC")


def mixes_scripts(text: str) -> bool:
    """Whether letters of scripts stand in it that are not written together, so that one may pose as another."""
    found = set(_scripts(text))
    return len(found) > 1 and not any(found <= together for together in _TOGETHER)


def password_forms(password: str) -> list[str]:
    """The spellings in which a typed password may have been stored: the one that is stored now (NFKC, as RFC 8265
    and NIST SP 800-63B ask: keyboards differ in how they compose a letter), then as it was typed. One that is longer
    than ``LONGEST`` is nobody's and has no other spelling."""
    if len(password) > LONGEST:
        return [password]
    return list(dict.fromkeys([unicodedata.normalize("NFKC", password), password]))
