"""JSON made without a JSON library is the JSON that every library reads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import json_check, json_text
from schema.failures import Failure
from schema.json_text import Json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=10
)


@given(VALUES)
def test_what_goes_in_is_read_back(value: object) -> None:
    assert json.loads(json_text.dumps(value)) == value


@given(st.text())
def test_strings_are_quoted_as_json_does(text: str) -> None:
    assert json.loads(json_text.quote(text)) == text


def test_ready_texts_are_kept_as_they_are() -> None:
    ready = Json('{"b":[1]}')
    assert json_text.obj(a=ready, c=None) == '{"a":{"b":[1]},"c":null}'
    assert json_text.array([ready, "x", True]) == '[{"b":[1]},"x",true]'
    assert json_text.merge(ready, d=1) == '{"b":[1],"d":1}'
    assert json_text.merge("{}", d=1) == '{"d":1}'
    assert json_text.merge(ready) == ready


def test_what_has_no_json_is_our_bug() -> None:
    for value in (object(), b"x", {1, 2}):
        with pytest.raises(TypeError):
            json_text.dumps(value)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_objects_within_the_limits_pass_unchanged(value: dict) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        if "\\ud" in text.lower():
            continue  # Half a surrogate pair: nothing that UTF-8 has.
        assert json_check.require_object(text, "--payload-json") == text


@given(VALUES)
def test_what_is_no_object_is_refused(value: object) -> None:
    if not isinstance(value, dict):
        with pytest.raises(Failure) as refused:
            json_check.require_object(json.dumps(value), "--payload-json")
        assert refused.value.reason == "json"


def _python_takes(text: str) -> bool:
    def pairs(found: list) -> dict:
        names = [name for name, _ in found]
        if len(set(names)) != len(names):
            raise ValueError("twice")
        return dict(found)

    def number(digits: str) -> int:
        if not -(2**63) <= int(digits) < 2**63:
            raise ValueError("huge")
        return int(digits)

    def constant(name: str) -> None:
        raise ValueError(name)

    try:
        found = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_constant=constant)
    except ValueError:
        return False
    return isinstance(found, dict)


@given(
    st.lists(
        st.sampled_from(
            ['{', '}', '[', ']', '"a"', '"b"', '"\\u0061"', ":", ",", "1", "-0", "1.5", "1e3",
             "01", "NaN", "null", "true", " ", "\n", "9223372036854775808", "'", "//", "+1", "0x1"]
        ),
        max_size=12,
    ).map("".join)
    | st.builds(
        lambda names: "{" + ",".join(f'"{name}":1' for name in names) + "}",
        st.lists(st.sampled_from(["a", "b", "\\u0061", "\\u0062", "\\/", "/", "\\n", ""])),
    )
)  # fmt: skip
def test_sqlite_and_python_agree_on_what_is_an_object(text: str) -> None:
    try:
        json_check.require_object(text, "x")
        taken = True
    except Failure:
        taken = False
    assert taken == _python_takes(text)


def test_many_keys_are_checked_quickly() -> None:
    text = "{" + ",".join(f'"\\u0061{i}":{i}' for i in range(50_000)) + "}"
    assert len(json_check.require_object(text, "x")) == len(text)
