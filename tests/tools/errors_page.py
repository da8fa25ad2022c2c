"""The page of the errors: what an application can be answered, why, and what to do.

``.ci/errors FILE`` writes it, always the same for the same ``docs/errors.toml`` and the same catalogue of causes.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from erpnet_identity.audit.explanations import EXPLANATIONS, Told, explain

SOURCE = Path(__file__).resolve().parents[2] / "docs" / "errors.toml"

INTRO = """\
# Errors

For developers of applications: every error and text that an application can be answered when it signs people in, gets
tokens or calls an API; why, and what to do. `…` stands for what differs from case to case.

An answer says as much as is safe. Where several causes are listed for one answer, an administrator finds the true one:
every answer has a correlation id (`X-Correlation-Id`), and under that id *Administration → Audit events* shows the
cause and the code that stands in brackets here.

This page is made of [errors.toml](errors.toml) and of the catalogue of causes in
`erpnet_identity/audit/explanations/`, and checked by `.ci/run`. After a change of either: `.ci/errors docs/errors.md`
"""


def read() -> list[dict[str, Any]]:
    """The sections of the page."""
    sections: list[dict[str, Any]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["sections"]
    return sections


def problems(sections: list[dict[str, Any]]) -> Iterator[str]:
    """What does not fit together: a code that is none, a cause that developers are told and that stands nowhere."""
    named = {code for section in sections for answer in section["answers"] for code in answer["causes"]}
    yield from (f"{code} is no cause" for code in sorted(named) if explain(code) is None)
    for cause, explanation in EXPLANATIONS.items():
        if explanation.told is Told.DEVELOPER and cause not in named:
            yield f"{cause} is told to developers and stands in no answer"


def page(sections: list[dict[str, Any]]) -> str:
    """The whole page."""
    lines = [INTRO]
    for section in sections:
        lines += [f"## {section['title']}\n", f"{section['about'].strip()}\n", "| Error and text | Why | What to do |"]
        lines.append("|---|---|---|")
        for answer in section["answers"]:
            said = f"`{answer['error']}`" + (f"<br>{answer['text']}" if answer["text"] else "")
            for code in answer["causes"]:
                explanation = explain(code)
                assert explanation is not None
                lines.append(f"| {said} | {explanation.happened} (`{code}`) | {explanation.helps} |")
                said = ""  # the rows below are other causes of the same answer
        lines.append("")
    return "\n".join(lines)
