"""Loggers: one structured line per event, redacted, with the correlation id of the request."""

from typing import Any

from erpnet_identity import lean

from .values import env

# Rich would colour tracebacks, which we print plainly.
with lean.without("rich"):
    import structlog

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def _redact(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    # Imported late: the settings may not import an application while they are being read.
    from erpnet_identity.platform.redaction import redact_event

    return redact_event(event)


structlog.configure(
    processors=[*_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

_renderer: Any = (
    structlog.processors.JSONRenderer()
    if env.LOG_FORMAT == "json"
    else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            # Of the fields that libraries put into a record only these: Django's hold the whole request, whose address
            # may be a credential.
            "foreign_pre_chain": [structlog.stdlib.ExtraAdder(allow=["status_code"]), *_shared],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact,
                _renderer,
            ],
        },
        "request": {"()": "erpnet_identity.platform.request_log.RequestFormatter", "form": env.LOG_FORMAT},
    },
    "handlers": {
        "stderr": {"class": "erpnet_identity.platform.log_handler.Handler", "formatter": "structured"},
        "requests": {"class": "erpnet_identity.platform.log_handler.Handler", "formatter": "request"},
    },
    "root": {"handlers": ["stderr"], "level": env.LOG_LEVEL},
    "loggers": {
        "erpnet.request": {"handlers": ["requests"], "propagate": False},
        # Django brings handlers of its own, which print and mail what nobody has redacted.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
        # Each request is one line of `erpnet.request`; Django's own would repeat it.
        "django.request": {"level": "ERROR"},
        # `erpnet.edge` says it in one line.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "oauthlib": {"level": "WARNING"},
        "oauth2_provider": {"level": "WARNING"},
    },
}
