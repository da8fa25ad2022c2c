"""The file ``.env``, read as python-dotenv reads it: quotes, comments, values over several lines (OPS-05).

Only ``${NAME}`` is not replaced: a password may hold one. https://saurabh-kumar.com/python-dotenv/#file-format
"""

import re
from pathlib import Path

# Blanks inside a line; line endings are all "\n" by now.
_SPACE = r"[^\S\n]*"
_START = re.compile(rf"(?:export[^\S\n]+)?(?:'([^'\n]+)'|([^=#\s]+)){_SPACE}=({_SPACE})")
_COMMENT = re.compile(r"#[^\n]*")
_BLANK = re.compile(r"\s*", re.ASCII)
# A backslash takes the next character along, a quote or another backslash.
_QUOTED = {"'": re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL), '"': re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)}
_ESCAPED = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_PLAIN = re.compile(r"[^\n]*")
_END = re.compile(rf"{_SPACE}(?:#[^\n]*)?(?:\n|\Z)")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9_]|^[0-9]")


class BadLine(ValueError):
    """A file or line that cannot be read. The text is a sentence that names it and shows no value: some are secret."""


def read(path: Path) -> dict[str, str]:
    """The assignments of the file, the last of each name; none when there is no file. Raises ``BadLine``."""
    try:
        # A mark at the beginning is what editors on Windows leave; it belongs to no name.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadLine(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadLine(f"{path} is not UTF-8: save it in that encoding.") from None
    values: dict[str, str] = {}
    position = _end(_BLANK, text, 0)
    while position < len(text):
        if text[position] == "#":
            position = _end(_COMMENT, text, position)
        else:
            where = f"{path}, line {text.count(chr(10), 0, position) + 1}"
            name, value, position = _assignment(text, position, where)
            values[name] = value
        position = _end(_BLANK, text, position)
    return values


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where the pattern ends that begins at the position."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _assignment(text: str, position: int, where: str) -> tuple[str, str, int]:
    """Name, value and the position of the next line. Raises ``BadLine``."""
    start = _START.match(text, position)
    if start is None:
        raise BadLine(f"{where}: expected NAME=value.")
    name = start[1] or start[2]
    if wrong := _NOT_OF_A_NAME.search(name):
        raise BadLine(f"{where}: {wrong[0]!a} cannot stand there in the name of a variable.")
    value, position = _value(text, start.end(), spaced=bool(start[3]), where=where)
    end = _END.match(text, position)
    if end is None:
        raise BadLine(f"{where}: there is text after the closing quote of {name}.")
    return name, value, end.end()


def _value(text: str, position: int, *, spaced: bool, where: str) -> tuple[str, int]:
    """The value that begins at the position and where it ends; ``spaced`` says whether a blank is before it.
    Raises ``BadLine``."""
    quote = text[position : position + 1]
    if quote in _QUOTED:
        quoted = _QUOTED[quote].match(text, position)
        if quoted is None:
            raise BadLine(f"{where}: the quote {quote} is not closed.")
        return _ESCAPED[quote].sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted[1]), quoted.end()
    end = _end(_PLAIN, text, position)
    if spaced and quote == "#":
        return "", end
    return re.sub(r"\s+#.*", "", text[position:end]).rstrip(), end
