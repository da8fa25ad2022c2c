"""Columns that hold another column folded, so that an index and a constraint see what a reader sees (ID-63).

Written here whenever the column it follows is written, never by hand; a query gives it any spelling.
"""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.lookups import Contains

from .spelling import fold, look


class FoldedField(models.CharField):
    """``of`` is the column that it follows, or several. Texts that it is compared with are folded alike."""

    def __init__(self, *of: str, **options: Any) -> None:
        self.of = of
        # Folding can lengthen a text: ß is two letters, a ligature of Arabic up to eighteen. A login's fits.
        super().__init__(**{"max_length": 1200, "editable": False, "blank": True, "default": "", **options})

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        return name, path, [*self.of, *arguments], options

    def made_of(self, row: models.Model) -> str | None:
        """What the column holds for this row."""
        return "\n".join(fold(getattr(row, name)) for name in self.of)[: self.max_length]

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        value = self.made_of(model_instance)
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return fold(value) if isinstance(value, str) else value


class LookField(FoldedField):
    """What the column looks like (``spelling.look``). Null stays null, for rows that were there before the rule."""

    def __init__(self, *of: str, **options: Any) -> None:
        super().__init__(*of, **{"null": True, **options})

    def made_of(self, row: models.Model) -> str | None:
        if getattr(row, self.attname) is None and not row._state.adding:
            return None
        return look("".join(getattr(row, name) for name in self.of))


@FoldedField.register_lookup
class _Holds(Contains):  # type: ignore[type-arg, unused-ignore]
    """``contains`` prepares nothing by itself."""

    def get_prep_lookup(self) -> Any:
        return fold(self.rhs) if isinstance(self.rhs, str) else self.rhs


def followers(model: type[models.Model], written: Iterable[str]) -> list[FoldedField]:
    """The folded columns that follow one of these columns."""
    names = set(written)
    fields = model._meta.local_concrete_fields
    return [field for field in fields if isinstance(field, FoldedField) and not names.isdisjoint(field.of)]


class FoldedQuerySet(models.QuerySet):
    """Changes the folded columns with those that they follow."""

    def update(self, **values: Any) -> int:
        for field in followers(self.model, values):
            row = self.model(**{name: values[name] for name in field.of})  # KeyError: all of them or none
            values[field.attname] = field.made_of(row)
        return super().update(**values)


class FoldedModel(models.Model):
    """A row with folded columns."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        written = options.get("update_fields")
        if written is not None:
            also = [field.attname for field in followers(type(self), written)]
            options["update_fields"] = [*written, *also]
        super().save(*args, **options)

    def fold_columns(self) -> None:
        """Bring the folded columns up to date, for code that looks at them before the row is written."""
        for field in self._meta.local_concrete_fields:
            if isinstance(field, FoldedField):
                field.pre_save(self, self._state.adding)
