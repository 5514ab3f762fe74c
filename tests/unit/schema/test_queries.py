"""SQL blocks are found by their names, with the reason that allows a scan."""

from pathlib import Path

import pytest

from schema import queries

SOURCE = """-- name: a_one :one
-- Why it is there.
SELECT 1;

-- name: a_one_more :many
-- scan: it is small
SELECT 2
  -- not the end
  FROM t;
"""


@pytest.fixture
def found(tmp_path: Path) -> queries.Queries:
    (tmp_path / "x.sql").write_text(SOURCE)
    return queries.load(str(tmp_path / "x.py"))


def test_blocks_by_name(found: queries.Queries) -> None:
    one, more = found["a_one"], found["a_one_more"]
    assert (one.name, one.shape, one.text, one.scan) == ("a_one", "one", "SELECT 1", "")
    assert (more.shape, more.scan) == ("many", "it is small")
    assert more.text.startswith("SELECT 2")
    assert more.text.endswith("FROM t")
    assert found["a_one"] is one


def test_parsing_all_gives_the_same(found: queries.Queries) -> None:
    everything = queries.parse(SOURCE)
    assert set(everything) == {"a_one", "a_one_more"}
    assert everything["a_one_more"].text == found["a_one_more"].text


def test_an_unknown_name(found: queries.Queries) -> None:
    for name in ("b", "a", "a_one_mor"):
        with pytest.raises(KeyError):
            found[name]


@pytest.mark.parametrize(
    "source",
    [
        "-- name: a\nSELECT 1",
        "-- name: a :some\nSELECT 1",
        SOURCE + "-- name: a_one :one\nSELECT 3",
    ],
)
def test_a_bad_block(source: str) -> None:
    with pytest.raises(ValueError, match="query block"):
        queries.parse(source)


PARTS = """-- name: t_row :part
-- The columns stand once.
SELECT a, '{}' AS b
  FROM t;

-- name: t_find :maybe
{t_row}
 WHERE a = :a AND c = '{"x":{}}';
"""


def test_a_part_stands_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text(PARTS)
    found = queries.load(str(tmp_path / "x.py"))["t_find"]
    assert found.text == ("SELECT a, '{}' AS b\n  FROM t\n WHERE a = :a AND c = '{\"x\":{}}'")
    everything = queries.parse(PARTS)
    assert list(everything) == ["t_find"], "a part is no statement"
    assert everything["t_find"].text == found.text


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        queries.parse("-- name: t_find :maybe\n{t_row} WHERE 1;")
