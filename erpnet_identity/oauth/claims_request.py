"""The ``claims`` parameter: single claims asked for by their names (OIDC Core §5.5, OP-60 to OP-62). Pure."""

import json
from dataclasses import dataclass
from typing import Any

from erpnet_identity.identity import authentication_context
from trusted_apps.scopes import CLAIMS, PROFILE

# What can be asked for at all; anything else is ignored.
KNOWN = frozenset(CLAIMS[PROFILE])


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """``userinfo`` and ``id_token`` name the claims that are wanted in each place. ``subjects`` are the only people who
    will do, empty for anybody; ``acr_values`` are the contexts that are welcome, ``essential_acr`` those of which one
    must be reached, empty for none."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every claim about the person that is asked for, wherever it is to appear."""
        return tuple(dict.fromkeys((*self.userinfo, *self.id_token)))

    def stored(self) -> str:
        """What tokens need of it later, as text for the grant; empty when there is nothing."""
        kept = {"userinfo": list(self.userinfo), "id_token": list(self.id_token)}
        return json.dumps(kept) if self.names else ""


def wanted(stored: str, place: str) -> list[str]:
    """The claims that a grant's stored request wants in ``userinfo`` or ``id_token``."""
    return list(json.loads(stored)[place]) if stored else []


def parse(text: str) -> ClaimsRequest:
    """The request in ``text``; unknown members and unknown claims are ignored (OP-60). Raises ``ValueError`` for what
    is not a JSON object."""
    if not text:
        return ClaimsRequest()
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("not an object")
    id_token = _member(content, "id_token")
    acr_values, acr_is_essential = _acr(id_token)
    return ClaimsRequest(
        userinfo=_names(_member(content, "userinfo")),
        id_token=_names(id_token),
        subjects=_values(_member(id_token, "sub")),
        acr_values=acr_values,
        essential_acr=acr_values if acr_is_essential else (),
    )


def _member(content: dict[str, Any], name: str) -> dict[str, Any]:
    member = content.get(name)
    return member if isinstance(member, dict) else {}


def _names(member: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in member if name in KNOWN)


def _acr(id_token: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The wanted contexts in order of preference, and whether one of them is a must. Asked for without a value, any
    context will do."""
    if "acr" not in id_token:
        return (), False
    wish = _member(id_token, "acr")
    return _values(wish) or authentication_context.SUPPORTED, wish.get("essential") is True


def _values(wish: dict[str, Any]) -> tuple[str, ...]:
    """What a wish accepts (OIDC Core §5.5.1): ``value``, else ``values``. One that is no text becomes one that nobody
    has: a wish that cannot be understood must not let everybody in."""
    values = [wish["value"]] if wish.get("value") is not None else wish.get("values")
    return tuple(value if isinstance(value, str) else "" for value in values) if isinstance(values, list) else ()
