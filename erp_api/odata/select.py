"""``$select``: which properties are returned (API-26). Pure."""

from ..edm.entity_set import EntitySet
from ..exceptions import InvalidQuery
from .selection import Selection


def selected(entity_set: EntitySet, text: str | None, *, include_id: bool = False) -> Selection:
    """What ``$select`` asks for.

    An empty one is as if it were absent: some libraries send it for "everything". ``include_id`` adds ``Id`` to the
    default properties (API-39). Raises ``InvalidQuery`` for an unknown name.
    """
    default = ("Id", *entity_set.default_names) if include_id else entity_set.default_names
    if text is None or not text.strip(" "):
        return Selection(entity_set, default)
    wanted: set[str] = set()
    for item in text.split(","):
        name = item.strip(" ")
        if name == "*" or name.lower() == "default":
            wanted.update(default)
        elif name in entity_set.properties:
            wanted.add(name)
        else:
            raise InvalidQuery(f"{entity_set.name} has no property {name[:100]!r} ($select).")
    return Selection(entity_set, tuple(name for name in entity_set.properties if name in wanted))
