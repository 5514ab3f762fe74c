"""Plans as text: the same tasks and the right lines in each format; bombs are refused at once."""

import time

import pytest

from orch.plans import document, joined, parse
from orch.plans.read import read_document

YAML = """\
# tickets
tasks:
  - id: a
    title: "one: first"
    locks:
      - db
      - bad lock
  - id: b

    dependencies: [a,
      nobody]
    metadata: {x: 1,
      tags: no}
    tags: [t]
"""
TOML = '''\
# tickets

[[tasks]]
id = "a"
title = """
many
[lines] # no comment
"""
locks = [
  "db", # "]"
  'bad lock',
]

[[tasks]]
"id" = "b"
dependencies = ["a", "nobody"]
tags = ["t"]
[tasks.metadata]
x = { y = [1, { z = "}" }], "tags" = 1 }
tags = "no"
'''
JSON = """\
{"tasks": [
  {"id": "a",
   "title": "\\"{[\\u00e9",
   "locks": ["db",
             "bad lock"]},
  {
   "id": "b", "dependencies": ["a",
     "nobody"],
   "metadata": {"x": 1,
     "tags": "no"},
   "tags": ["t"]}
]}
"""


def _found(text: str, kind: str) -> parse.PlanReading:
    return parse.read(read_document(text, kind))


def _told(reading: parse.PlanReading) -> list[tuple[int, str]]:
    return [(problem.line, problem.path) for problem in reading.problems]


@pytest.mark.parametrize(
    ("text", "kind", "lock", "tags"),
    [(YAML, "yaml", 7, 13), (TOML, "toml", 11, 20), (JSON, "json", 5, 10)],
    ids=["yaml", "toml", "json"],
)
def test_a_problem_has_the_line_where_it_stands(text, kind, lock, tags):
    reading = _found(text, kind)
    assert _told(reading) == [(lock, "tasks[0].locks[1]"), (tags, "tasks[1].metadata.tags")]
    assert reading.problems[1].task_id == "b"
    assert reading.waits == {"a": [], "b": ["a", "nobody"]}


def test_carriage_returns_do_not_move_lines():
    for text, kind in ((YAML, "yaml"), (TOML, "toml"), (JSON, "json")):
        crlf = text.replace("\n", "\r\n")
        assert _told(_found(crlf, kind)) == _told(_found(text, kind))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("id: a\ntitle: t\n", "yaml"),
        ("[{id: a, title: t}]", "yaml"),
        ('id = "a"\ntitle = "t"\n', "toml"),
        ('{"id": "a", "title": "t"}', "json"),
        ('\ufeff[{"id": "a", "title": "t"}]', "json"),
    ],
)
def test_one_task_or_a_list_is_a_plan_too(text, kind):
    reading = _found(text, kind)
    assert not reading.problems
    assert reading.tickets["a"].columns["title"] == "t"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("id: a\nid: b\n", 2, "twice"),
        ("tasks:\n - &x {id: a}\n", 2, "anchors"),
        ("tasks:\n - *x\n", 2, "aliases"),
        ("id: !!str a\n", 1, "tags"),
        ("id: !python/object:os.system a\n", 1, "tags"),
        ("id: a\n<<: {title: b}\n", 2, "merge"),
        ("id: a\n[x]: b\n", 2, "must be text"),
        ("id: a\n---\nid: a\n", 3, "twice"),
        ("id: a\n---\nx\n", 3, "no task"),
        ("id: a\n---\ntasks: [{id: b, size: 1}]\n", 3, "unknown field"),
        ("id: a\n  title: [\n", 2, "not valid YAML"),
        ("id: a\ntitle: \x01\n", 2, "not valid YAML"),
        ("id: a\nestimate_min: " + "1:" * 40 + "1\n", 2, "not a number"),
        ("id: a\nmetadata: {x: 99999999999999999999}\n", 2, "64 bits"),
        ("id: a\nmetadata: {x: .inf}\n", 2, "finite"),
        ("", 1, "no task"),
        ("tasks: []\n", 1, "no task"),
        ("tasks:\n", 1, "must be a list"),
        ("tasks: [{id: a}]\nname: x\n", 2, "unknown field"),
        ("tasks: [a]\n", 1, "must be a task"),
    ],
)
def test_what_yaml_may_not_hold(text, line, words):
    problems = _found(text, "yaml").problems
    assert [problem.line for problem in problems] == [line], [p.message for p in problems]
    assert words in problems[0].message


def test_words_that_yaml_would_change_stay_what_was_written_or_are_refused():
    reading = _found("id: a\ntitle: 2024-01-01\n", "yaml")
    assert reading.tickets["a"].columns["title"] == "2024-01-01"
    for written in ("yes", "012", "1.0", "~"):
        (problem,) = _found(f"id: a\ntitle: {written}\n", "yaml").problems
        assert problem.path == "title"


@pytest.mark.parametrize(
    ("text", "kind", "line", "words"),
    [
        ('{"id": "a",\n "id": "b"}', "json", 2, "twice"),
        ('{"id": "a"\n "title"', "json", 2, "expected ,"),
        ('{"id": "a"}\n{}', "json", 2, "behind the end"),
        ('{"id": "a",\n"metadata": {"x": NaN}}', "json", 2, "value is expected"),
        ('{"id": "a",\n"metadata": {"x": 1e999}}', "json", 2, "finite"),
        ('{"id": "a",\n"title": "\\ud800"}', "json", 2, "UTF-8"),
        ('{"id": "a",\n"title": "\\u0000"}', "json", 2, "NUL"),
        ('{"id": "a",\n"title": "x\ny"}', "json", 2, "not valid JSON"),
        ('id = "a"\nid = "b"\n', "toml", 2, "not valid TOML"),
        ('id = "a"\ntitle = 2024-01-01\n', "toml", 2, "date"),
        ('id = "a"\nmetadata = {x = inf}\n', "toml", 2, "finite"),
        ('id = "a"\n[metadata.x]\ny = 12:30:00\n', "toml", 3, "date"),
    ],
)
def test_what_the_others_may_not_hold(text, kind, line, words):
    problems = _found(text, kind).problems
    assert [problem.line for problem in problems] == [line], [p.message for p in problems]
    assert words in problems[0].message


_LAUGHS = "a0: &a0 [lol]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (_LAUGHS, "yaml"),
        ("[" * 500_000, "yaml"),
        ("- " * 300_000, "yaml"),
        ("{a: " * 200_000, "yaml"),
        ("&a " * 300_000, "yaml"),
        ("? " * 300_000, "yaml"),
        ("[" * 1_000_000, "json"),
        ('{"a":' * 200_000, "json"),
        ('{"id":' + "9" * 900_000 + "}", "json"),
        ("a=" + "[" * 500_000, "toml"),
        ("a = " + "{a=" * 300_000, "toml"),
        ("a." * 500_000 + "a = 1", "toml"),
        ("x = {b = 1, " + '"=".' + "a." * 500_000 + "a = 1}", "toml"),
        ("[" + "a." * 500_000 + "a]", "toml"),
        ("a = " + "9" * 900_000, "toml"),
        ("x" * (document.MAX_BYTES + 1), "yaml"),
    ],
)
def test_a_bomb_is_refused_quickly(text, kind):
    begun = time.process_time()
    reading = _found(text, kind)
    assert reading.problems
    assert not reading.tickets
    assert time.process_time() - begun < 5


def test_depth_has_a_limit_in_every_format():
    for levels, sound in ((document.MAX_DEPTH - 2, True), (document.MAX_DEPTH + 2, False)):
        nest = "[" * levels + "]" * levels
        texts = {
            "json": f'{{"id": "a", "acceptance": {nest}}}',
            "yaml": f"id: a\nacceptance: {nest}\n",
            "toml": f'id = "a"\nacceptance = {nest}\n',
        }
        for kind, text in texts.items():
            problems = _found(text, kind).problems
            assert (not problems) is sound, (kind, levels)
            assert sound or "deeper" in problems[0].message


def test_priorities_of_tickets_order_within_those_of_tasks():
    text = "\n".join(f"- {{id: t{n}, priority: {n}}}" for n in range(1, 6))
    columns = [ticket.columns for ticket in _found(text, "yaml").tickets.values()]
    assert [(c["priority"], c["rank"]) for c in columns] == [(2, 1), (2, 2), (1, 3), (0, 4), (0, 5)]
    word = _found("{id: a, priority: low}", "yaml").tickets["a"].columns
    assert (word["priority"], word["rank"]) == (0, None)
    none = _found("id: a", "yaml").tickets["a"].columns
    assert (none["priority"], none["rank"]) == (1, 3)


@pytest.mark.parametrize("value", ["0", "6", "true", "1.0", "urgent", "[1]"])
def test_other_priorities_are_refused(value):
    (problem,) = _found(f"id: a\npriority: {value}\n", "yaml").problems
    assert (problem.line, problem.path) == (2, "priority")


def test_two_names_of_one_thing_exclude_each_other():
    twins = "description: x, summary: y, dependencies: [], depends_on: [], spec: s, spec_file: f"
    text = "{id: a, " + twins + "}"
    messages = [problem.message for problem in _found(text, "yaml").problems]
    assert len(messages) == 3
    assert all("cannot be combined" in message for message in messages)


def test_a_cycle_is_told_beside_other_problems_and_named():
    text = (
        "- {id: a, dependencies: [b], title: 5}\n"
        "- {id: b, depends_on: [c]}\n"
        "- {id: c, dependencies: [a]}\n"
    )
    title, cycle = sorted(_found(text, "yaml").problems, key=lambda problem: len(problem.message))
    assert (title.line, title.path) == (1, "[0].title")
    assert "a -> b -> c -> a" in cycle.message
    assert cycle.path == "[0].dependencies"


def test_several_yaml_documents_are_one_plan():
    found = _found(
        "---\nid: a\n---\ntasks: [{id: b, depends_on: [c]}]\n---\n- id: c\n---\n", "yaml"
    )
    assert not found.problems
    assert {t.task_id: t.depends_on for t in found.tickets.values()} == {
        "a": [],
        "b": ["c"],
        "c": [],
    }
    (problem,) = _found("id: a\n---\ntasks:\n- {id: b, rank: 1}\n", "yaml").problems
    assert (problem.line, problem.path) == (4, "document 2.tasks[0].rank")


def test_files_are_read_as_one_plan_and_problems_name_theirs():
    parts = [
        ("a.yaml", _found("id: a\ndepends_on: [b]\n", "yaml")),
        ("b.json", _found('{"tasks": [{"id": "b", "depends_on": ["a"]}, {"id": "a"}]}', "json")),
        ("c.yaml", _found("id: c\nsize: 1\n", "yaml")),
    ]
    whole = joined.join(parts)
    assert list(whole.tickets) == ["a", "b"], "the first a counts, c is unsound"
    told = [(p.file, p.line, p.path, p.task_id) for p in whole.problems]
    assert told[:2] == [("b.json", 1, "tasks[1]", "a"), ("c.yaml", 2, "size", "c")]
    assert "wait for each other forever" in whole.problems[2].message and told[2][0] == "a.yaml"
