"""Times and sizes as the Instance Manager writes them."""

from datetime import datetime, timedelta

from django import template

register = template.Library()


@register.filter
def lasting(time: timedelta) -> str:
    """A length of time in its two largest units: ``3 d 4 h``, ``1 h 5 min``, ``12 min``."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "under 1 min"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    first = next(number for number, part in enumerate(parts) if part)
    return " ".join(part for part in parts[first : first + 2] if part)


@register.filter
def clock(moment: datetime, now: datetime) -> str:
    """A moment of today as a time, another one with its day (UTC, ISO 8601 as in the administration)."""
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


@register.filter
def size(number: int) -> str:
    """A number of bytes: ``950 B``, ``12 kB``, ``3.4 MB``."""
    if number < 1000:
        return f"{number} B"
    value = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
