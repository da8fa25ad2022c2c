"""The answers of the reading addresses: lists, single records, counts and the service document."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from . import limits
from .edm.entity_set import EntitySet
from .edm.registry import ENTITY_SETS
from .exceptions import NotFound
from .json_encoding import plain_escapes, text
from .odata import count, encoder, language, media, options, paging, select
from .odata.address import Address, Kind, key_of
from .odata.options import Options
from .odata.rows import Row, plain_pages
from .odata.selection import Selection
from .responses import TEXT_TYPE, answer, service_root

# Writes rows of a selection as entity objects.
Writer = Callable[..., list[str]]

# Readers look for the rows near the beginning of a body; a longer link than this goes behind them (API-15).
LINK_BEFORE_ROWS = 7_500


def answer_to(address: Address, request: HttpRequest) -> HttpResponse:
    """The answer to a ``GET``. Raises ``ApiError``."""
    meta = request.META
    wanted = options.read(meta.get("QUERY_STRING", ""))
    produced = media.TEXT if address.kind is Kind.COUNT else media.JSON
    media.check(meta.get("HTTP_ACCEPT", ""), wanted.get("$format"), produced)
    if address.entity_set is None:
        return _service_document()
    if address.kind is Kind.COUNT:
        return _count(address.entity_set, wanted)
    if address.kind is Kind.ENTITY:
        return _entity(address.entity_set, key_of(address), wanted, request)
    return _set(address.entity_set, wanted, request)


def _service_document() -> HttpResponse:
    """The sets that there are (API-05)."""
    items = [f'{{"name":{text(name)},"kind":"EntitySet","url":{text(name)}}}' for name in ENTITY_SETS]
    return answer(f'{{"@odata.context":"{service_root()}$metadata","value":[{",".join(items)}]}}')


def _selection(entity_set: EntitySet, wanted: Options, request: HttpRequest) -> tuple[Selection, Writer]:
    """What was selected, and the function that writes rows of it."""
    flags = options.flags(wanted)
    selection = select.selected(entity_set, wanted.get("$select"), include_id="includeid" in flags)
    languages: tuple[str, ...] = ()
    if selection.has_display_text:
        cookie, accepted = request.COOKIES.get(language.COOKIE, ""), request.META.get("HTTP_ACCEPT_LANGUAGE", "")
        languages = language.wanted(wanted, cookie=cookie, accepted=accepted)
    return selection, partial(encoder.write, selection, languages=languages, skip_nulls="skipnulls" in flags)


def _set(entity_set: EntitySet, wanted: Options, request: HttpRequest) -> HttpResponse:
    """A page of a set (API-07, API-15, API-22 to API-26). One statement, and one more for a count."""
    selection, write = _selection(entity_set, wanted, request)
    page = paging.page(wanted, largest=limits.page_rows())
    counted = count.is_wanted(wanted.get("$count"))
    address = f"{service_root()}{entity_set.name}"

    # One row more than wanted tells whether there is a next page.
    found: list[Row] = []
    if page.size:
        found = list(plain_pages(selection).page(after=page.after, skip=page.skip, limit=page.size + 1))
    link = ""
    if len(found) > page.size:
        found.pop()
        link = f'"@odata.nextLink":{text(paging.next_link(address, wanted, found[-1][0]))}'

    value = f'"value":[{",".join(write(found))}]'
    members = [f'"@odata.context":"{service_root()}$metadata#{entity_set.name}"']
    if counted:
        members.append(f'"@odata.count":{_number_of_rows(entity_set)}')
    if link:
        members += [link, value] if len(link) < LINK_BEFORE_ROWS else [value, link]
    else:
        members.append(value)
    return answer(plain_escapes("{" + ",".join(members) + "}"))


def _entity(entity_set: EntitySet, key: UUID, wanted: Options, request: HttpRequest) -> HttpResponse:
    """One record (API-08, API-09). Options that shape lists have nothing to do here and are only read."""
    selection, write = _selection(entity_set, wanted, request)
    _check_list_options(wanted)
    row = plain_pages(selection).one(key)
    if row is None:
        raise NotFound(f"There is no record {entity_set.name}({key}).")
    context = f'"@odata.context":"{service_root()}$metadata#{entity_set.name}/$entity",'
    (record,) = write([row], context=context)
    return answer(plain_escapes(record))


def _count(entity_set: EntitySet, wanted: Options) -> HttpResponse:
    """The number of records, digits only (API-10)."""
    select.selected(entity_set, wanted.get("$select"))
    _check_list_options(wanted)
    return answer(str(_number_of_rows(entity_set)), content_type=TEXT_TYPE)


def _check_list_options(wanted: Options) -> None:
    paging.page(wanted, largest=limits.page_rows())
    count.is_wanted(wanted.get("$count"))


def _number_of_rows(entity_set: EntitySet) -> int:
    return entity_set.model._default_manager.count()
