"""Errors as problem details (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import ConfigDict

from devices.queries import QueryTooLong

# That one answer names.
ERRORS = 20


class Body(Schema):
    """What a call sends; a field that there is not is refused by its name."""

    model_config = ConfigDict(extra="forbid")


class Problem(Exception):
    """An answer that says what is wrong, and in which parameter.

    Args:
        status: the HTTP status.
        detail: what is wrong and what is allowed.
        parameter: the field or parameter that is wrong.
    """

    def __init__(self, status: int, detail: str, parameter: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter


def from_model(error: ModelError) -> Problem:
    """Return what a model refuses, as an answer that names its first field."""
    told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    name, words = next(iter(told.items()))
    is_whole = name in {"", NON_FIELD_ERRORS}
    detail = " ".join(words)
    return Problem(422, detail if is_whole else f"{name}: {detail}", "" if is_whole else name)


def _answer(status: int, detail: str, **more: Any) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _parameter(where: Sequence[str | int]) -> str:
    """Return the name of a field: of `body, <argument>, name` it is `name`."""
    parts = [str(part) for part in where]
    return ".".join(parts[2:] if parts[:1] == ["body"] and len(parts) > 2 else parts[1:])


def _detail(item: dict[str, Any]) -> str:
    is_unknown = item["type"] == "extra_forbidden"
    return "there is no such field" if is_unknown else str(item["msg"])


def install(api: NinjaAPI) -> None:
    """Let `api` answer every error as a problem."""

    @api.exception_handler(Problem)
    def _problem(_request: HttpRequest, error: Problem) -> HttpResponse:
        more = {"errors": [{"parameter": error.parameter, "detail": error.detail}]}
        return _answer(error.status, error.detail, **(more if error.parameter else {}))

    @api.exception_handler(QueryTooLong)
    def _too_long(_request: HttpRequest, error: QueryTooLong) -> HttpResponse:
        return _answer(422, str(error), errors=[{"parameter": "from", "detail": str(error)}])

    @api.exception_handler(ValidationError)
    def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [
            {"parameter": _parameter(item["loc"])[:200], "detail": _detail(item)}
            for item in error.errors[:ERRORS]
        ]
        first = errors[0] if errors else {"parameter": "", "detail": "invalid"}
        return _answer(422, f"{first['parameter']}: {first['detail']}", errors=errors)

    @api.exception_handler(DataError)
    def _not_storable(_request: HttpRequest, error: DataError) -> HttpResponse:
        return _answer(422, f"The database cannot store that: {str(error).splitlines()[0]}")

    @api.exception_handler(AuthenticationError)
    def _unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        detail = "Log in, or send Authorization: Bearer <token> (manage.py create_token)."
        return _answer(401, detail)

    @api.exception_handler(Http404)
    def _not_found(_request: HttpRequest, error: Http404) -> HttpResponse:
        return _answer(404, str(error) or "There is no such thing.")

    @api.exception_handler(HttpError)
    def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
        # Of a body that cannot be read ninja keeps what we said of it.
        cause = error.__cause__
        said = cause if isinstance(cause, HttpError) else error
        return _answer(said.status_code, str(said))
