"""``.env`` as python-dotenv reads it, and a sentence for what says nothing."""

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from erpnet_identity import bootstrap, env_file
from tests.support.server import ROOT, environment

# What python-dotenv makes of each text, by its documentation and its own tests.
SAME = {
    "plain": ("A=b", {"A": "b"}),
    "blanks around": (" A = b ", {"A": "b"}),
    "blanks inside": ("A=b  c", {"A": "b  c"}),
    "no-break space inside": ("A=b\u00a0 c", {"A": "b\u00a0 c"}),
    "empty": ("A=\nB=c", {"A": "", "B": "c"}),
    "export": (" export A=b", {"A": "b"}),
    "a name that begins like export": ("export export_A=b\nexports=1", {"export_A": "b", "exports": "1"}),
    "quoted name": ("export 'A'=b", {"A": "b"}),
    "a note": ("A=b # note", {"A": "b"}),
    "a note after a tab": ("A=b\t#note", {"A": "b"}),
    "only a note": ("A=  # note", {"A": ""}),
    "no note": ("A=b#c\nB=#d", {"A": "b#c", "B": "#d"}),
    "a note after a quoted value": ("A='b # c' # note\nB=\"d\"# note", {"A": "b # c", "B": "d"}),
    "lines of notes": ("# one\n  # A=b\n\nA=c\n# two", {"A": "c"}),
    "blanks in quotes": ("A='b '\nB=\" c\"", {"A": "b ", "B": " c"}),
    "empty quotes": ("A=''\nB=\"\"", {"A": "", "B": ""}),
    "escapes in double quotes": (r'A="b\nc\td\\e\"f\'g"', {"A": "b\nc\td\\e\"f'g"}),
    "other backslashes in double quotes": (r'A="C:\dir\$x"', {"A": r"C:\dir\$x"}),
    "escapes in single quotes": (r"A='b\nc\'d\\e'", {"A": r"b\nc'd\e"}),
    "a backslash at the end of quotes": (
        "A=\"b\\\\\"\nB=\"c\"\nC='d\\\\'\nD='e'",
        {"A": "b\\", "B": "c", "C": "d\\", "D": "e"},
    ),
    "no escapes without quotes": (r"A=b\nc", {"A": r"b\nc"}),
    "quotes inside": ("A=b'c'\nB=it\"s", {"A": "b'c'", "B": 'it"s'}),
    "several lines": ("A=\"b\nc\"\nB='d\n\ne'\nC=f", {"A": "b\nc", "B": "d\n\ne", "C": "f"}),
    "line endings": ("A=b\r\nB='c\r\nd'\rC=e", {"A": "b", "B": "c\nd", "C": "e"}),
    "an equals sign inside": ("A=b=c==", {"A": "b=c=="}),
    "the last one counts": ("A=b\nA=c", {"A": "c"}),
    "a mark at the beginning": ("\ufeffA=b", {"A": "b"}),
    "a mark before a note": ("\ufeff# note\nA=b", {"A": "b"}),
    "letters of the world": ('A=à\nB="я"', {"A": "à", "B": "я"}),
    "nothing": ("", {}),
    "only blanks": (" \n\t\n", {}),
}


@pytest.fixture
def read(tmp_path):
    """``read("A=b")`` reads a file with these contents."""

    def contents(text):
        path = tmp_path / ".env"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return env_file.read(path)

    return contents


@pytest.mark.parametrize("name", SAME)
def test_it_reads_what_python_dotenv_reads(read, name):
    text, expected = SAME[name]
    assert read(text) == expected


def test_a_reference_is_text(read):
    """Unlike python-dotenv: a password may hold one."""
    assert read('A=b\nB=${A}\nC="$A"') == {"A": "b", "B": "${A}", "C": "$A"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A=b\nnonsense", "line 2: expected NAME=value."),
        ("A: b", "line 1: expected NAME=value."),
        ("=b", "line 1: expected NAME=value."),
        ("export", "line 1: expected NAME=value."),
        ("# note\n\nMY-NAME=b", "line 3: '-' cannot stand there in the name of a variable."),
        ("1A=b", "line 1: '1' cannot stand there in the name of a variable."),
        ("A.B=c", "line 1: '.' cannot stand there in the name of a variable."),
        ("A=b\n\ufeffC=d", r"line 2: '\ufeff' cannot stand there in the name of a variable."),
        ("SECRET\u200b_KEY=b", r"line 1: '\u200b' cannot stand there in the name of a variable."),
        ("\u00a0A=b", "line 1: expected NAME=value."),
        ("\u0410=b", r"line 1: '\u0410' cannot stand there in the name of a variable."),
        ("'A B'=c", "line 1: ' ' cannot stand there in the name of a variable."),
        ("A=b\nC='d\nE=f", "line 2: the quote ' is not closed."),
        ('A="b', 'line 1: the quote " is not closed.'),
        ("A='C:\\dir\\'\nB=c", "line 1: the quote ' is not closed."),
        ("\nA='b' c", "line 2: there is text after the closing quote of A."),
        ('A="b\nC="d"', "line 1: there is text after the closing quote of A."),
    ],
)
def test_a_line_that_says_nothing_is_named(read, tmp_path, text, sentence):
    with pytest.raises(env_file.BadLine) as error:
        read(text)
    assert str(error.value) == f"{tmp_path / '.env'}, {sentence}"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp1251"])
def test_another_encoding_is_named(read, encoding):
    with pytest.raises(env_file.BadLine, match=r"\.env is not UTF-8: save it in that encoding\.$"):
        read("A=я".encode(encoding))


def test_a_folder_is_named_and_no_file_is_none(tmp_path):
    with pytest.raises(env_file.BadLine, match=r"cannot be read: Is a directory\.$"):
        env_file.read(tmp_path)
    assert env_file.read(tmp_path / "none") == {}


@pytest.mark.parametrize(
    "text",
    [
        "KEY_ENCRYPTION_KEYS=abc\ns3same+key/of=",
        "SECRET_KEY='s3same",
        "SECRET_KEY='s3same' key",
        "SECRET_KEY s3same",
        "s3same-key=",
    ],
)
def test_no_value_is_shown(read, tmp_path, text):
    """The second line of a value without quotes looks like a name."""
    with pytest.raises(env_file.BadLine) as error:
        read(text)
    assert "s3same" not in str(error.value).removeprefix(str(tmp_path))


def test_it_stops_the_start_with_a_sentence_but_no_help(tmp_path):
    (tmp_path / ".env").write_text("A=b\nnonsense\n")
    script = """
import pathlib, sys, manage
from erpnet_identity import bootstrap
bootstrap.BASE_DIR = pathlib.Path(sys.argv[1])
sys.argv = ["manage.py", *sys.argv[2:]]
manage.main()
"""
    refused, explained, helped = (
        subprocess.run(
            [sys.executable, "-c", script, tmp_path, *arguments],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
        )
        for arguments in (["check"], ["settings"], ["serve", "--help"])
    )
    sentence = f"{tmp_path / '.env'}, line 2: expected NAME=value."
    assert (refused.returncode, refused.stderr) == (1, f"Configuration error: {sentence}\n")
    assert explained.returncode == 1
    assert sentence in explained.stderr
    assert helped.returncode == 0, helped.stderr


def test_the_port_is_read_by_the_same_rules(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("\ufeffINSTANCE_URL=http://localhost:1 # this machine\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    monkeypatch.setattr(bootstrap.os, "environ", environ := {})
    bootstrap.adopt_port(["--port", "8000"])
    assert environ["INSTANCE_URL"] == "http://localhost:8000"
    environ.clear()
    (tmp_path / ".env").write_text("nonsense")
    with pytest.raises(ImproperlyConfigured, match=r"line 1: expected NAME=value"):
        bootstrap.adopt_port(["--port", "8000"])
