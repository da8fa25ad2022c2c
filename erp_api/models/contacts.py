"""General.Contacts: companies, persons and company locations, in one table so that a party has one key."""
# An absent text is null in the API and null in the table.
# ruff: noqa: DJ001

from django.db import models

from .base import Aggregate, Stamped
from .fields import MultiLanguageField


class PartyType(models.TextChoices):
    """What a party is; labels are the names of the API."""

    COMPANY = "C", "Company"
    LOCATION = "L", "CompanyLocation"
    PERSON = "P", "Person"


class Party(Stamped, Aggregate):
    """A company, a person or a location. ``party_name`` is the name of a company or location, first and last name of a
    person, and is what lists and searches look at (API-113)."""

    party_code = models.CharField(max_length=16, unique=True)
    party_name = MultiLanguageField(max_length=254, default=dict)
    party_type = models.CharField(max_length=1, choices=PartyType.choices, default=PartyType.PERSON)
    party_unique_number = models.CharField(max_length=16, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    gln = models.CharField(max_length=13, null=True, blank=True)
    party_notes = models.CharField(max_length=254, null=True, blank=True)
    parent_party = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    # Companies.
    registration_number = models.CharField(max_length=16, null=True, blank=True, db_index=True)
    registration_vat_number = models.CharField(max_length=16, null=True, blank=True)
    registration_type = MultiLanguageField(max_length=16, null=True, blank=True)
    city = MultiLanguageField(max_length=64, null=True, blank=True)
    branch_number = models.IntegerField(default=0)
    is_vat_registered = models.BooleanField(default=False)

    # Persons.
    first_name = MultiLanguageField(max_length=64, null=True, blank=True)
    middle_name = MultiLanguageField(max_length=64, null=True, blank=True)
    last_name = MultiLanguageField(max_length=64, null=True, blank=True)
    title = MultiLanguageField(max_length=32, null=True, blank=True)

    # Company locations.
    company = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="locations")

    class Meta:
        verbose_name_plural = "parties"

    def __str__(self) -> str:
        return self.party_code
