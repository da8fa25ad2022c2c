"""Currencies, units, categories and product types."""

from decimal import Decimal
from uuid import UUID

from erp_api.models import Currency, MeasurementCategory, MeasurementUnit, ProductType

from .rows import EPOCH, key, ml

_CURRENCIES = [
    ("EUR", "Euro", None),
    ("BGN", "Bulgarian lev", "3187833a-d3c1-4804-bfc0-e17e6aee3069"),
    ("USD", "US dollar", None),
    ("GBP", "Pound sterling", None),
]
CURRENCY_KEYS = {sign: UUID(fixed) if fixed else key("currency", sign) for sign, _, fixed in _CURRENCIES}

_CATEGORIES = [
    ("pieces", ml("Pieces", "Брой"), "045d1e60-2114-4ca7-b636-0666dd0d2ec8"),
    ("weight", ml("Weight", "Тегло"), None),
    ("volume", ml("Volume", "Обем"), None),
]
CATEGORY_KEYS = {name: UUID(fixed) if fixed else key("category", name) for name, _, fixed in _CATEGORIES}

# Code, category, name, multiplier (base units in one unit), key. The first unit of a category is its base unit.
_UNITS = [
    ("pcs", "pieces", ml("Piece", "Брой"), "1", "7dbe6d6a-22ef-4c2f-a798-054bc2d13c8b"),
    ("PCE", "pieces", ml("Piece (trade)", "Брой (търговски)"), "1", None),
    ("бр", "pieces", ml("Piece (Bulgarian)", "Брой (бр.)"), "1", None),
    ("box", "pieces", ml("Box of 12", "Кашон от 12"), "12", "5c5e77ce-60bb-4338-abd0-3a2acb27ff93"),
    ("kg", "weight", ml("Kilogram", "Килограм"), "1", None),
    ("t", "weight", ml("Tonne", "Тон"), "1000", None),
    ("l", "volume", ml("Litre", "Литър"), "1", None),
    ("hl", "volume", ml("Hectolitre", "Хектолитър"), "100", None),
]
UNIT_KEYS = {code: UUID(fixed) if fixed else key("unit", code) for code, *_, fixed in _UNITS}
UNIT_CATEGORY = {code: category for code, category, *_ in _UNITS}

_TYPES = [
    ("GOODS", ml("Goods", "Стоки"), "c696c660-9aa4-4fe5-a396-126af4101792"),
    ("SERVICE", ml("Services", "Услуги"), "880b0c31-a9ef-4a3c-a0e7-13d39aa57464"),
    ("ASSET", ml("Fixed assets", "Дълготрайни активи"), None),
]
TYPE_KEYS = {code: UUID(fixed) if fixed else key("product-type", code) for code, _, fixed in _TYPES}


def currencies() -> list[Currency]:
    """EUR, BGN, USD, GBP."""
    return [
        Currency(
            id=CURRENCY_KEYS[sign],
            currency_sign=sign,
            name=name,
            show_order=order,
            aggregate_last_update_time=EPOCH,
        )
        for order, (sign, name, _) in enumerate(_CURRENCIES, start=1)
    ]


def categories() -> list[MeasurementCategory]:
    """Pieces (the default), weight, volume."""
    return [
        MeasurementCategory(
            id=CATEGORY_KEYS[name], name=names, is_default=name == "pieces", aggregate_last_update_time=EPOCH
        )
        for name, names, _ in _CATEGORIES
    ]


def units() -> list[MeasurementUnit]:
    """The units that documents and samples name."""
    seen: set[str] = set()
    made = []
    for code, category, names, multiplier, _ in _UNITS:
        made.append(
            MeasurementUnit(
                id=UNIT_KEYS[code],
                code=code,
                name=names,
                multiplier=Decimal(multiplier),
                measurement_category_id=CATEGORY_KEYS[category],
                is_default_unit=category not in seen,
            )
        )
        seen.add(category)
    return made


def product_types() -> list[ProductType]:
    """Goods (the default), services, fixed assets."""
    return [
        ProductType(
            id=TYPE_KEYS[code],
            code=code,
            name=names,
            is_default=code == "GOODS",
            is_fixed_asset=code == "ASSET",
            is_stocked=code != "SERVICE",
            is_shipped=code == "GOODS",
            is_service_activity_service=code == "SERVICE",
            aggregate_last_update_time=EPOCH,
        )
        for code, names, _ in _TYPES
    ]
