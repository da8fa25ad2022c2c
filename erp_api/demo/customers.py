"""Customers: most of the companies and persons buy."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from erp_api.models import Customer

from .basics import CURRENCY_KEYS
from .contacts import COMPANY_KEYS, OWN_CURRENCY, OWN_KEYS, PERSON_KEYS, SAMPLE_BUYER, UNI_SOFIA
from .rows import keys, stamps

CUSTOMERS = 220
_EUR_COMPANY = OWN_KEYS[2]

_KEYS = keys(
    "customer",
    [
        "eebf02a5-052e-4a8d-9a24-270546d73942",  # UNI Sofia Ltd
        "c8a65f60-26d0-4c3a-81c9-f367dd811908",
        "10f76803-4130-40f8-bf73-a4e2b004417b",
        "15f2640f-f374-4017-ae2d-d2a41535f054",
        "79f3f74e-098a-4d91-9714-c4f845c2dc62",
        "e99186bc-d3bc-4a93-b169-5baec1d45540",
        "79480957-f0b6-49c4-9874-2cd150de982a",
        "806637f2-abd1-4e7b-8ac0-71222a0b1afd",
        "f812a533-0e56-4e57-8d1f-52d05b98c8b6",
    ],
    CUSTOMERS,
)
# Numbers that documents print; the others are counted up.
_NUMBERS = {
    UUID("79480957-f0b6-49c4-9874-2cd150de982a"): "aa00015",
    UUID("806637f2-abd1-4e7b-8ac0-71222a0b1afd"): "ab30151",
    UUID("f812a533-0e56-4e57-8d1f-52d05b98c8b6"): "ab30156",
}
_PAYMENT_TERMS = [0, 7, 14, 30, 60]


def _parties() -> list[UUID]:
    """The party of each customer: every sixth is a person, so that a `Peter` comes early."""
    companies, persons = list(COMPANY_KEYS), list(PERSON_KEYS)
    chosen = [companies.pop(UNI_SOFIA), companies.pop(SAMPLE_BUYER - 1)]
    while len(chosen) < CUSTOMERS:
        source = persons if persons and (len(chosen) % 6 == 2 or not companies) else companies
        chosen.append(source.pop(0))
    return chosen


def customers() -> list[Customer]:
    """All customers: first UNI Sofia Ltd, then the sample's buyer, in the company that keeps its books in EUR."""
    made = []
    for position, (id_, party) in enumerate(zip(_KEYS, _parties(), strict=True)):
        company: UUID | None = OWN_KEYS[position % 3] if position % 10 != 9 else None
        if position == 1:
            company = _EUR_COMPANY
        has_limit = position % 4 != 3
        begins = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=5 * position)
        made.append(
            Customer(
                id=id_,
                number=_NUMBERS.get(id_, f"{position + 1:06}"),
                active=position % 17 != 16,
                allow_use_as_primary_customer=position % 2 == 0,
                allow_use_as_ship_to_customer=position % 3 == 0,
                credit_limit=Decimal(500 + 250 * (position % 40)) + Decimal("0.50") * (position % 2)
                if has_limit
                else None,
                from_date=begins,
                thru_date=begins + timedelta(days=3650) if position % 8 == 7 else None,
                grace_period_days=position % 4,
                default_payment_term_days=_PAYMENT_TERMS[position % len(_PAYMENT_TERMS)],
                default_payment_start_days=0,
                default_delivery_term_days=1 + position % 5,
                party_id=party,
                enterprise_company_id=company,
                default_currency_id=CURRENCY_KEYS[OWN_CURRENCY[company]] if company is not None else None,
                **stamps(position),
            )
        )
    return made
