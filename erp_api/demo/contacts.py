"""Parties: the enterprise's own companies with their locations, companies and persons that buy from it."""

from typing import Any
from uuid import UUID

from erp_api.models import EnterpriseCompany, Party, PartyType

from .basics import CURRENCY_KEYS
from .rows import EPOCH, key, keys, ml, stamps

# Enterprise company key, name, city, base currency, registration number, language, keys of its locations.
_OWN = [
    (
        "2115c294-33e9-41bd-bc0d-0cd0b7ee1735",
        ml("Demo Trade Ltd", "Демо Трейд ООД"),
        ml("Sofia", "София"),
        "BGN",
        "200150300",
        "bg",
        ["8e1829a8-8769-4422-8155-9cee69002f9f"],
    ),
    (
        "b0e80577-fbbe-4c9b-811e-20b6c6dd465f",
        ml("Demo Production Ltd", "Демо Производство ООД"),
        ml("Plovdiv", "Пловдив"),
        "BGN",
        "714895",
        "bg",
        [],
    ),
    (
        "b11b2f31-71b5-4443-a4b7-b5e9cd664a64",
        ml("Demo Europe GmbH", "Демо Европа ГмбХ"),
        ml("Berlin", "Берлин"),
        "EUR",
        "300450600",
        "en",
        [],
    ),
]
OWN_KEYS = [UUID(fixed) for fixed, *_ in _OWN]
OWN_CURRENCY = {UUID(fixed): currency for fixed, _, _, currency, *_ in _OWN}

_CITIES = [
    ml("Sofia", "София"), ml("Plovdiv", "Пловдив"), ml("Varna", "Варна"), ml("Burgas", "Бургас"),
    ml("Ruse", "Русе"), ml("Stara Zagora", "Стара Загора"), ml("Pleven", "Плевен"), ml("Berlin", "Берлин"),
    ml("Vienna", "Виена"), ml("Bucharest", "Букурещ"), ml("Thessaloniki", "Солун"), ml("London", "Лондон"),
]  # fmt: skip
_FIRST_WORDS = [
    ml("Alfa", "Алфа"), ml("Balkan", "Балкан"), ml("Danube", "Дунав"), ml("Eco", "Еко"), ml("Fortuna", "Фортуна"),
    ml("Granit", "Гранит"), ml("Horizon", "Хоризонт"), ml("Iskar", "Искър"), ml("Kamchia", "Камчия"),
    ml("Lotus", "Лотос"), ml("Maritsa", "Марица"), ml("Nova", "Нова"), ml("Orpheus", "Орфей"), ml("Pirin", "Пирин"),
    ml("Rila", "Рила"), ml("Sredna Gora", "Средна гора"), ml("Thracia", "Тракия"), ml("Vitosha", "Витоша"),
]  # fmt: skip
_SECOND_WORDS = [
    ml("Trade", "Трейд"), ml("Foods", "Фуудс"), ml("Logistics", "Логистика"), ml("Build", "Строй"),
    ml("Pharma", "Фарма"), ml("Textile", "Текстил"), ml("Energy", "Енерджи"), ml("Print", "Принт"),
    ml("Market", "Маркет"),
]  # fmt: skip
_FORMS = [ml("Ltd", "ООД"), ml("Sole Ltd", "ЕООД"), ml("JSC", "АД")]
_FIRST_NAMES = [
    ml("Peter", "Петър"), ml("Maria", "Мария"), ml("Ivan", "Иван"), ml("Elena", "Елена"), ml("Georgi", "Георги"),
    ml("Desislava", "Десислава"), ml("Nikolay", "Николай"), ml("Anna", "Анна"), ml("Dimitar", "Димитър"),
    ml("Viktoria", "Виктория"),
]  # fmt: skip
_LAST_NAMES = [
    ml("Petroff", "Петров"), ml("Dimova", "Димова"), ml("Stoyanov", "Стоянов"), ml("Ilieva", "Илиева"),
    ml("Todorov", "Тодоров"), ml("Angelova", "Ангелова"), ml("Kolev", "Колев"),
]  # fmt: skip

COMPANIES = 190
PERSONS = 40
COMPANY_KEYS = keys(
    "company", ["39148781-d316-4d4d-a392-0002f73710f2", "bc60d0bc-2804-4e3c-b355-04184aef5505"], COMPANIES
)
PERSON_KEYS = keys("person", ["adb66f3f-e173-4a37-878c-000920f44ff0", "2e97f255-f410-4925-8c51-211c8eaa18b8"], PERSONS)
# Companies that samples look for by name or number, by their position in COMPANY_KEYS.
UNI_SOFIA, SAMPLE_BUYER = 0, 1


def _join(*parts: dict[str, str]) -> dict[str, str]:
    return {language: " ".join(part[language] for part in parts) for language in ("EN", "BG")}


def _company(number: int, id_: UUID) -> Party:
    name = _join(
        _FIRST_WORDS[number % len(_FIRST_WORDS)],
        _SECOND_WORDS[(number // len(_FIRST_WORDS) + number) % len(_SECOND_WORDS)],
        _FORMS[number % len(_FORMS)],
    )
    registration = str(175_000_000 + 7_919 * number)
    if number == UNI_SOFIA:
        name = ml("UNI Sofia Ltd", "УНИ София ООД")
    elif number == SAMPLE_BUYER:
        name, registration = ml("Sample Buyer Ltd", "Примерен купувач ООД"), "123456"
    return Party(
        id=id_,
        party_code=f"{30 + number:05}",
        party_name=name,
        party_type=PartyType.COMPANY,
        party_unique_number=registration,
        registration_number=registration,
        registration_vat_number=f"BG{registration}",
        registration_type=_FORMS[number % len(_FORMS)],
        city=_CITIES[number % len(_CITIES)],
        is_vat_registered=number % 5 != 0,
        **stamps(number),
    )


def _person(number: int, id_: UUID) -> Party:
    first, last = _FIRST_NAMES[number % len(_FIRST_NAMES)], _LAST_NAMES[number % len(_LAST_NAMES)]
    return Party(
        id=id_,
        party_code=f"{1000 + number:05}",
        party_name=_join(first, last),
        party_type=PartyType.PERSON,
        first_name=first,
        last_name=last,
        **stamps(number),
    )


def _own(number: int, entry: tuple[Any, ...]) -> tuple[Party, EnterpriseCompany, list[Party]]:
    fixed, name, city, currency, registration, language, location_keys = entry
    party = Party(
        id=key("own-company", number),
        party_code=f"{number + 1:05}",
        party_name=name,
        party_type=PartyType.COMPANY,
        party_unique_number=registration,
        registration_number=registration,
        registration_vat_number=f"BG{registration}" if language == "bg" else f"DE{registration}",
        registration_type=_FORMS[0],
        city=city,
        is_vat_registered=True,
        **stamps(number),
    )
    company = EnterpriseCompany(
        id=UUID(fixed),
        company=party,
        base_currency_id=CURRENCY_KEYS[currency],
        default_language=language,
        aggregate_last_update_time=EPOCH,
    )
    kinds = [ml("Head office", "Централен офис"), ml("Warehouse", "Склад")]
    locations = [
        Party(
            id=id_,
            party_code=f"{10 + 2 * number + place:05}",
            party_name=_join(kinds[place], city),
            party_type=PartyType.LOCATION,
            parent_party=party,
            company=party,
            city=city,
            **stamps(number),
        )
        for place, id_ in enumerate(keys(f"location-{number}", location_keys, len(kinds)))
    ]
    return party, company, locations


def parties() -> list[Party]:
    """All parties, those that others refer to first."""
    own = [_own(number, entry) for number, entry in enumerate(_OWN)]
    return [
        *(party for party, _, _ in own),
        *(location for _, _, locations in own for location in locations),
        *(_company(number, id_) for number, id_ in enumerate(COMPANY_KEYS)),
        *(_person(number, id_) for number, id_ in enumerate(PERSON_KEYS)),
    ]


def enterprise_companies() -> list[EnterpriseCompany]:
    """Two companies that keep their books in BGN and one in EUR."""
    return [_own(number, entry)[1] for number, entry in enumerate(_OWN)]
