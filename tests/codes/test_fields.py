"""The column of codes."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from codes import rist1
from codes.fields import CodeField
from codes.rist1 import Code, format_code

CODE = Code(rist1.person_point(bytes(32)), 3)


def test_a_code_is_stored_printed_and_read_as_a_code():
    field = CodeField()
    assert field.get_prep_value(CODE) == format_code(CODE)
    assert field.from_db_value(format_code(CODE), None, None) == CODE
    assert field.from_db_value(None, None, None) is None
    assert field.get_prep_value(None) is None


def test_python_value_from_text_or_code():
    field = CodeField()
    assert field.to_python(format_code(CODE)) == CODE
    assert field.to_python(CODE) is CODE


def test_malformed_text_is_a_validation_error_that_does_not_repeat_it():
    with pytest.raises(ValidationError) as error:
        CodeField().to_python("123456789018")
    assert "123456789018" not in str(error.value)


def test_the_longest_code_fits():
    assert len(format_code(Code(CODE.value, 9999))) <= CodeField().max_length
