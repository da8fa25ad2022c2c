"""Columns of the ERP that Django has no field for."""

from typing import Any

from django.db import models


class MultiLanguageField(models.JSONField):
    """A text in several languages: a JSON object with two-letter upper-case keys, ``{"EN": "Apple", "BG": "Ябълка"}``.

    ``max_length`` is how long each of the texts may be, None for any length. The table knows nothing of it: to
    migrations this is a ``JSONField``.
    """

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, "django.db.models.JSONField", args, kwargs
