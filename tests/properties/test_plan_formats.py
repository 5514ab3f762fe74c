"""Plans under generated texts: readers, line finders, exports and the published schema agree."""

import json
import tomllib

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inbox.cli.grammar import Option
from inbox.cli.values import convert
from orch.plans import diff, document, export, graph, model, parse
from orch.plans.diff import Standing
from orch.plans.lint import _literal_head
from orch.plans.read import read_document
from schema.failures import Failure

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
SPECIAL = st.sampled_from([
    "", " ", "yes", "null", "~", "1.0", "0o7", "2024-01-01", "<<", "=", "*a", "&a", "!x", "- a",
    "a: b", "a\nb", "a\n\n b \n", "\n", "\ttab", "# no", "'''", '"""', "\\", "\\n", "\r\n",
    "é\u0085\u2028", "\x7f\x1b",
    "%", "@", "`", "---", "...", "a" * 200, " lead", "trail ", "[", "{}", "\ufeff", "😀",
])  # fmt: skip
TEXTS = SPECIAL | TEXT
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ATOMS = TEXTS | NUMBERS | st.booleans()
VALUES = st.recursive(
    ATOMS, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "c-1", "D.e", "7"])
GLOBS = st.sampled_from(["src/**", "a b/*.md", "*", "x?", "docs"])


@st.composite
def tasks(draw) -> dict[str, object]:
    """One task with any of the fields."""
    fields = {
        "title": TEXTS, "description": TEXTS, "priority": st.sampled_from([1, 2, 3, 4, 5, "low"]),
        "locks": st.lists(NAMES, max_size=3), "tags": st.lists(TEXTS.filter(bool), max_size=2),
        "estimate_min": st.integers(1, 1000), "default_to": st.sampled_from(["w", "@pool"]),
        "acceptance": VALUES, "spec": TEXTS, "check_profile": TEXTS,
        "required_checks": st.lists(NAMES, max_size=2),
        "allowed_paths": st.lists(GLOBS, max_size=2),
        "blocked_paths": st.lists(GLOBS, max_size=2),
        "metadata": st.dictionaries(TEXTS, VALUES, max_size=3), "max_attempts": st.integers(1, 9),
        "risk": st.sampled_from(["low", "medium", "high"]),
        "execution_mode": st.sampled_from(["analysis", "code"]),
    }  # fmt: skip
    task = draw(st.fixed_dictionaries({}, optional=fields))
    assume(not {"tags", "estimate_min"} & set(task.get("metadata", {})))
    return task


@st.composite
def plans(draw) -> list[dict[str, object]]:
    """A few tasks; each waits only for those before it."""
    found = draw(st.lists(tasks(), min_size=1, max_size=3))
    names = [f"t{i}" for i in range(len(found))]
    return [
        {"id": name, "dependencies": draw(st.lists(st.sampled_from(names[:i]), max_size=2))
         if i else [], **task}
        for i, (name, task) in enumerate(zip(names, found, strict=True))
    ]  # fmt: skip


def _standing(ticket: parse.Ticket) -> Standing:
    """Return the task that the ticket makes."""
    columns = ticket.columns | {"rank": ticket.columns["rank"] or 0}
    task = Standing(1, ticket.task_id, "ready", columns)
    task.locks, task.depends_on, task.spec = ticket.locks, ticket.depends_on, ticket.spec_sha256
    return task


@given(plans())
@settings(max_examples=60)
@pytest.mark.parametrize("kind", document.FORMATS)
def test_an_export_read_again_changes_nothing(kind, plan):
    reading = parse.read(read_document(json.dumps({"tasks": plan}), "json"))
    assert not reading.problems, [problem.message for problem in reading.problems]
    standing = {name: _standing(ticket) for name, ticket in reading.tickets.items()}
    specs = {n: t.spec_text for n, t in reading.tickets.items() if t.spec_text is not None}
    text = export.text(export.tasks(standing.values(), specs), kind)
    again = parse.read(read_document(text, kind))
    assert not again.problems, (text, [problem.message for problem in again.problems])
    assert list(again.tickets) == list(reading.tickets)
    for change in diff.compare(again.tickets, standing, {}):
        assert change.kind == "unchanged", (text, change.fields)


@given(VALUES)
@settings(max_examples=200)
def test_the_json_reader_reads_what_the_library_reads(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        found = read_document(text, "json")
        assert not found.problems
        assert found.value == json.loads(text)
        assert type(found.value) is type(json.loads(text))


@given(st.text(st.sampled_from('{}[]",:\\ntrue01.e-+ \nu"'), max_size=25))
@settings(max_examples=200)
def test_the_json_reader_refuses_what_the_library_refuses(text):
    try:
        json.loads(text, parse_constant=int, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        sound = False
    else:
        sound = True
    found = read_document(text, "json")
    assert sound is not any("JSON" in p.message or "twice" in p.message for p in found.problems)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


@given(plans(), st.randoms())
@settings(max_examples=60)
def test_the_toml_finder_knows_the_line_of_every_key_and_item(plan, chance):
    text = _spread(export._toml(plan), chance)
    found = read_document(text, "toml")
    assert found.value == tomllib.loads(text)
    lines = text.split("\n")
    for path in _places(found.value):
        assert path in found.lines, (path, text)
        last = path[-1] if path else 0
        if isinstance(last, str) and last.isidentifier():
            assert last in lines[found.lines[path] - 1], (path, text)
    numbers = [found.lines[("tasks", i)] for i in range(len(plan))]
    assert [lines[n - 1].strip() for n in numbers] == ["[[tasks]]"] * len(plan)


def _spread(text: str, chance) -> str:
    """Return TOML with blank lines and comments between its lines that are no text's."""
    found, inside = [], False
    for line in text.split("\n"):
        if not inside and chance.random() < 0.3:
            found.append(chance.choice(["", "# [x] = \"'", "\t"]))
        found.append(line)
        inside ^= line.count('"""') % 2 == 1
    return "\n".join(found)


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(place for key, found in below for place in _places(found, (*path, key)))]


SCHEMA = jsonschema.Draft202012Validator(model.schema())
_BAD = st.sampled_from([
    None, 0, 6, 1.5, True, "", "x y", "-a", "a..b", "a.lock", "../x", "/x", "a\\b", [], [1], {},
    "high", ["a", "b"], "a/b", "@p", ["@p"], "code", 3,
])  # fmt: skip


@given(
    tasks(),
    st.dictionaries(st.sampled_from([*model.PlanTask.model_fields, "more"]), _BAD, max_size=2),
)
@settings(max_examples=200)
def test_the_published_schema_takes_exactly_what_check_takes(task, damage):
    whole = {"id": "t", **task, **damage}
    reading = parse.read(read_document(json.dumps(whole), "json"))
    # What JSON Schema cannot say about one task: nothing else may differ.
    beyond = ("is there as a field too", "forever")
    problems = [p for p in reading.problems if not any(w in p.message for w in beyond)]
    assert SCHEMA.is_valid(whole) is not bool(problems), [p.message for p in problems]
    assert SCHEMA.is_valid({"tasks": [whole]}) is SCHEMA.is_valid(whole) is SCHEMA.is_valid([whole])


def test_the_schema_is_a_schema_and_wants_a_task():
    jsonschema.Draft202012Validator.check_schema(model.schema())
    for nothing in ({}, [], {"tasks": []}, "x", {"tasks": [], "id": "a"}):
        assert not SCHEMA.is_valid(nothing)


@given(st.text(st.sampled_from("a/.*-\\?[b "), max_size=8))
@settings(max_examples=150)
def test_a_plan_takes_the_globs_that_task_add_takes(glob):
    try:
        convert(Option("--allowed-path", "glob", ""), glob)
        sound = True
    except Failure:
        sound = False
    text = json.dumps({"id": "a", "allowed_paths": [glob]})
    assert sound is not bool(parse.read(read_document(text, "json")).problems)


GRAPHS = st.integers(1, 7).flatmap(
    lambda n: st.dictionaries(
        st.sampled_from([f"t{i}" for i in range(n)]),
        st.lists(st.sampled_from([f"t{i}" for i in range(n)]), max_size=3),
        min_size=1,
    )
)


def _waits_for(waits: dict[str, list[str]], start: str) -> set[str]:
    """Return everything that `start` waits for, by walking."""
    found: set[str] = set()
    left = [start]
    while left:
        for other in waits.get(left.pop(), ()):
            if other in waits and other not in found:
                found.add(other)
                left.append(other)
    return found


@given(GRAPHS)
@settings(max_examples=150)
def test_cycles_are_found_exactly_where_a_task_waits_for_itself(waits):
    cyclic = {task for task in waits if task in _waits_for(waits, task)}
    found = graph.cycles(waits)
    assert bool(found) is bool(cyclic)
    for cycle in found:
        assert set(cycle) <= cyclic
        for task, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert other in waits[task]
    if not cyclic:
        bit, before = graph.reach(waits)
        for task in waits:
            assert {o for o in waits if before[task] & bit[o]} == _waits_for(waits, task)


@given(GRAPHS, st.data())
@settings(max_examples=200)
def test_a_schedule_keeps_order_and_locks_and_is_never_longer_than_one_worker(waits, data):
    waits = {t: [o for o in others if o < t] for t, others in waits.items()}
    minutes = {task: data.draw(st.integers(1, 5)) for task in waits}
    locks = {
        task: data.draw(st.lists(st.sampled_from("xy"), max_size=2, unique=True)) for task in waits
    }
    most, ends = graph.schedule(waits, minutes, locks)
    path, longest = graph.critical_path(waits, minutes)
    assert longest == sum(minutes[task] for task in path)
    assert longest <= ends <= sum(minutes.values())
    assert 1 <= most <= len(waits)
    if not any(locks.values()):
        assert ends == longest
    if all("x" in found for found in locks.values()):
        assert (most, ends) == (1, sum(minutes.values()))


@given(st.lists(st.sampled_from(["a", "b*", "**", ".", "c"]), min_size=1, max_size=4))
def test_the_head_of_a_glob_is_its_folders_before_any_pattern(parts):
    head = _literal_head("/".join(parts))
    assert not any(set(part) & set("*?") for part in head)
    assert [p for p in parts if p != "."][: len(head)] == list(head)
