"""The small parser and click read one table: what the one accepts the other accepts alike.

The small parser may hand over (None); it must never accept what click refuses, nor read other
values, and it must not hand over what is plainly well-formed, or hot commands pay for click.
"""

from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inbox.cli import click_app, parse
from inbox.cli.grammar import Command, Option, Program
from inbox.cli.table import PROGRAM as INBOX
from orch.cli.main import PROGRAM as ORCH
from schema.failures import Failure

PROGRAMS = (INBOX, ORCH)
BUILD = cache(click_app.build)  # 5 ms each time, 1,200 times.
TEXTS = (
    "", "-", "--", "--json", "--body", "-5", "-x", "=", "a=b", "x y", "w", "worker-1", "msg_1",
    "90s", "0", "7", "thr_1", "{}", '{"a": 1}', "ü", "\u202e", "\udcff", "done", "pending,done",
    "high", "@pool", "send", "artifact", "*", "a\nb", "\\", "'", '"', "--bogus", "--agent=w",
)  # fmt: skip
NOISE = ("--bogus", "-x", "--", "surplus", "--subjec", "-", "--json=1", "--", "--=x", "---", "")


@st.composite
def lines(draw, program: Program, *, noisy: bool) -> list[str]:
    """Return an argv of the program: a command's words, its options in any order, maybe noise."""
    command = draw(st.sampled_from(list(program.commands.values())))
    options = [o for o in (*program.globals, *command.options) if o.flag.startswith("--")]
    chosen = draw(st.lists(st.sampled_from(options), max_size=6))
    parts = [_typed(draw, option) for option in chosen]
    own = {option.flag for option in command.options}
    before = [
        p for o, p in zip(chosen, parts, strict=True) if o in program.globals and draw_bool(draw)
    ]
    after = [p for o, p in zip(chosen, parts, strict=True) if p not in before or o.flag in own]
    positionals = [o for o in command.options if not (o.flag.startswith("-") or o.last)]
    for option in positionals:
        for _ in range(draw(st.integers(0, 3 if option.many else 1))):
            after.append([draw(st.sampled_from([t for t in TEXTS if t[:1] != "-"]))])
    if noisy:
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.sampled_from([before, after]))
            place.append([draw(st.sampled_from(NOISE))])
    if not positionals:
        after = draw(st.permutations(after))
    argv = [t for p in before for t in p] + command.words.split(" ") + [t for p in after for t in p]
    if any(o.last for o in command.options) and draw_bool(draw):
        argv += ["--", *draw(st.lists(st.sampled_from(TEXTS), max_size=3))]
    if noisy and draw_bool(draw):
        argv = argv[: draw(st.integers(0, len(argv)))]
    return argv


def draw_bool(draw) -> bool:
    """Toss a coin."""
    return draw(st.booleans())


def _typed(draw, option: Option) -> list[str]:
    if option.kind == "flag":
        return [option.flag]
    value = draw(st.sampled_from((*TEXTS, *option.choices)))
    return [f"{option.flag}={value}"] if draw_bool(draw) else [option.flag, value]


def by_click(program: Program, argv: list[str]) -> tuple[Command, dict] | Failure | int:
    try:
        return click_app.parse(program, argv)
    except Failure as failure:
        return failure


def last_ones(command: Command, raw: dict, program: Program) -> dict:
    """Return what binding looks at: all texts of a repeatable option, else the last."""
    many = {o.dest for o in (*program.globals, *command.options) if o.many}
    return {dest: texts if dest in many else texts[-1:] for dest, texts in raw.items()}


def bound(command: Command, raw: dict) -> object:
    try:
        return parse.bind(command, raw)
    except Failure as failure:
        return (failure.code, failure.reason, failure.message)


def agree(program: Program, argv: list[str]) -> tuple[Command, dict] | None:
    """Require that both parsers agree on argv; return what the small one read."""
    small = parse.split(program, argv)
    large = by_click(program, argv)
    if small is None:
        return None
    assert not isinstance(large, (Failure, int)), (argv, small, large)
    command, raw = small
    assert large[0] is command, argv
    wanted = {dest: texts for dest, texts in raw.items() if texts}
    assert last_ones(command, wanted, program) == last_ones(command, large[1], program), argv
    if "\udcff" not in "".join(argv):
        assert _plain(bound(command, raw)) == _plain(bound(command, large[1])), argv
    return small


def _plain(value: object) -> object:
    """Return bound values with artifacts as their facts."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    fields = getattr(type(value), "_fields", None)
    return tuple(getattr(value, field) for field in fields) if fields else value


SLOW = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep paths that are given as values away from the repository, and the environment clean."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(click_app, "build", BUILD)
    for name in ("INBOX_AGENT", "INBOX_THREAD", "INBOX_LEASE", "ORCH_DB", "ORCH_JSON"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
@SLOW
@given(data=st.data())
def test_noisy_lines_are_read_alike(program: Program, data) -> None:
    agree(program, data.draw(lines(program, noisy=True)))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
@SLOW
@given(data=st.data())
def test_well_formed_lines_are_read_alike_and_without_click(program: Program, data) -> None:
    argv = data.draw(lines(program, noisy=False))
    assert agree(program, argv) is not None, argv


@settings(max_examples=300)
@given(st.lists(st.sampled_from((*TEXTS, *NOISE, "--agent", "--db", "--get", "list", "claim"))))
@example(["artifact", "artifact", "list"])
@example(["artifact"])
@example(["list", "list"])
@example(["--agent"])
@example(["--agent", "list", "list"])
@example(["--agent=", "fetch"])
@example(["fetch", "--agent", ""])
@example(["--json", "--json", "list", "--json"])
@example(["search", "a", "--limit", "3", "b"])
@example(["search", "--", "--limit"])
@example(["--", "list"])
@example(["backup", ""])
@example(["send", "--body", "--json"])
@example(["send", "--artifact", "a", "--artifact=b", "--artifact", ""])
@example(["--agent", "x", "list", "--agent", "y"])
@example(["--agent", "x", "send", "--from", "y"])
def test_any_tokens_are_read_alike(argv: list[str]) -> None:
    agree(INBOX, argv)


def test_no_line_that_click_refuses_ends_as_click_would() -> None:
    for argv in (["send", "--bogus"], ["nonsense"], ["fetch", "surplus"], ["send", "--from"]):
        answer = by_click(INBOX, argv)
        assert isinstance(answer, Failure)
        assert (answer.code, answer.reason, answer.exit) == ("invalid_input", "flag", 30)
