"""Plain mode's pure half: escaping, quoting, tables, times."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.cli import plain
from inbox.cli.call import quoted
from schema.failures import Failure
from schema.json_text import loads, obj


@given(st.text())
def test_what_is_shown_has_nothing_hidden(text: str) -> None:
    shown = plain.visible(text)
    assert not any(unicodedata.category(c) == "Cc" for c in shown if c not in "\n\t")
    for hidden in "\x00\x1b\x7f\x85\x9b\u200b\u200e\u202a\u202e\u2066\u2069\ufeff\r\u2028":
        assert hidden not in shown


def test_escapes_are_readable() -> None:
    assert plain.visible("a\x1b[1m\u202e\tb\n") == "a\\u{1b}[1m\\u{202e}\tb\n"
    assert plain.visible("ünïcödé 日本 😀") == "ünïcödé 日本 😀"


@given(st.text())
def test_quoted_text_cannot_end_its_own_quotation(text: str) -> None:
    lines = plain.quoted(text, "a", "msg_1").split("\n")
    nonce = lines[0].split(" ")[2]
    assert lines[0] == f"BEGIN UNTRUSTED {nonce} from=a seq=msg_1"
    assert lines[-1] == f"END {nonce}"
    assert all(line.startswith("| ") for line in lines[1:-1])
    assert nonce not in text


@given(st.text(), st.integers(2, 50))
def test_a_line_is_one_line(text: str, width: int) -> None:
    shown = plain.line(text, width)
    assert len(shown) <= width
    assert "\n" not in shown
    assert "\t" not in shown


def test_a_table_is_aligned() -> None:
    text = plain.table(("A", "LONG"), [("wide one", 1), ("x", None)])
    assert text == "A         LONG\nwide one  1\nx"


def test_a_listing_keeps_to_its_budget() -> None:
    body = [(f"row {i}", "x" * 50) for i in range(200)]
    text = plain.listing("200 rows", ("ROW", "X"), body, "inbox list --json")
    shown = sum(line.startswith("row ") for line in text.splitlines())
    assert len(text.encode()) <= 4000
    assert text.splitlines()[-1] == f"{200 - shown} more: inbox list --json"
    assert plain.listing("0 rows", ("ROW", "X"), [], "") == "0 rows"


def test_picking_values() -> None:
    envelope = obj(ok=True, data=obj(a=[1, obj(b="x")], n=None, f=1.5, odd_key=obj(**{"a b": 2})))
    assert plain.pick(envelope, "data.a[1].b") == "x"
    assert plain.pick(envelope, "data.a.0") == "1"
    assert plain.pick(envelope, "data.a") == '[1,{"b":"x"}]'
    assert plain.pick(envelope, "data.n") == ""
    assert plain.pick(envelope, "data.f") == "1.5"
    assert plain.pick(envelope, "data.odd_key.a b") == "2"
    for missing in ("data.a[2]", "data.x", "a", 'data."a', "data..a"):
        with pytest.raises(Failure) as refused:
            plain.pick(envelope, missing)
        assert (refused.value.code, refused.value.exit) == ("invalid_input", 30)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s ago"), (59, "59s ago"), (60, "1m ago"), (7300, "2h ago"),
                          (86400 * 3, "3d ago"), (-50, "0s ago")],
)  # fmt: skip
def test_how_long_ago(seconds: int, said: str) -> None:
    import time

    then = time.time() - seconds - 0.2
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(then)) + f".{int(then % 1 * 1000):03}Z"
    assert plain.ago(moment) == said


def test_scalars_and_objects_of_lists() -> None:
    document = obj(words=["a b", '"q"'], things=[obj(n=1), obj(n=2)])
    answer = loads(document)
    assert plain.columns(answer["things"], "n none.n") == [[1, None], [2, None]]
    assert plain.values(answer, "words.0 words.7 none") == ["a b", None, None]


def test_a_word_for_the_shell() -> None:
    assert quoted("a-b/c.d") == "a-b/c.d"
    assert quoted("a b") == "'a b'"
    assert quoted("it's") == "'it'\"'\"'s'"
