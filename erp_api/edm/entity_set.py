"""EntitySet: one description from which everything that depends on the model is derived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Model

from erp_api.models.base import Aggregate

from .properties import ID, OBJECT_VERSION, OF_AGGREGATES, Described, Property


@dataclass(frozen=True, eq=False)
class EntitySet:
    """One published set: its name, its table and its own properties in model order. It is equal to itself only.

    ``annotations`` makes, by name, the expressions that columns name and the table does not have. ``former_names`` are
    refused with a hint (API-12).
    """

    name: str
    model: type[Model]
    display: Described
    own_properties: tuple[Described, ...]
    former_names: tuple[str, ...] = ()
    annotations: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """All properties by name, in the order in which they are written."""
        of_aggregates = OF_AGGREGATES if issubclass(self.model, Aggregate) else ()
        described = (ID, *self.own_properties, OBJECT_VERSION, self.display, *of_aggregates)
        return {property_.name: property_ for property_ in (describe(self.model) for describe in described)}

    @cached_property
    def default_names(self) -> tuple[str, ...]:
        """What is returned when nothing is selected (API-26)."""
        return tuple(name for name, property_ in self.properties.items() if property_.is_default)
