"""The column that holds a code. Every code in every database is a CodeField, so that a re-keying finds them all."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from codes.rist1 import Code, MalformedCode, format_code, parse_code


class CodeField(models.CharField):  # type: ignore[type-arg]  # generic for the checker only
    """Stores a `Code` in its printed form; the model's attribute is the `Code`, whose repr shows nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 60
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Code | None:
        return None if value is None else parse_code(value)

    def to_python(self, value: Any) -> Code | None:
        if value is None or isinstance(value, Code):
            return value
        try:
            return parse_code(value)
        except MalformedCode as error:
            raise ValidationError(str(error)) from None

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return format_code(value)
