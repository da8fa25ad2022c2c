"""General: currencies and the companies whose books this instance keeps."""
# An absent text is null in the API and null in the table.
# ruff: noqa: DJ001

from django.db import models

from .base import Aggregate
from .contacts import Party


class DefaultLanguage(models.TextChoices):
    """The language of a company's documents; labels are the names of the API."""

    BULGARIAN = "bg", "Bulgarian"
    ENGLISH = "en", "English"


class Currency(Aggregate):
    """A currency, known by its sign."""

    currency_sign = models.CharField(max_length=4, unique=True)
    name = models.CharField(max_length=50)
    is_active = models.BooleanField(default=True)
    show_order = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "currencies"

    def __str__(self) -> str:
        return self.currency_sign


class EnterpriseCompany(Aggregate):
    """A company of the enterprise itself."""

    company = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="enterprise_companies")
    base_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    default_language = models.CharField(
        max_length=2, choices=DefaultLanguage.choices, default=DefaultLanguage.ENGLISH, null=True, blank=True
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "enterprise companies"

    def __str__(self) -> str:
        return str(self.pk)
