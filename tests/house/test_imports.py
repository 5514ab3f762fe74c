"""What every hot command loads, exactly: each module more is 0.1 ms on every call of an agent.

A module that appears here by surprise is either needed (add it, and say why in the change) or an
import that belongs into the function that uses it. The sets are those of a fresh `python -I`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inbox.cli.main import whole as inbox_whole
from inbox.machines import THREAD
from inbox.model import TERMINAL
from orch.cli.main import whole as orch_whole
from tests.support.cli import clean_environment

# As the console script begins; the program's first table and all of it, then argv.
_PROBE = """
import os, sys
from schema import quick_start
quick_start.prepare()
before = set(sys.modules)
from inbox.cli import kit
from inbox.cli.call import Call
if sys.argv.pop(1) == "inbox":
    from inbox.cli.main import whole
    from inbox.cli.table import PROGRAM
else:
    from orch.cli.main import whole
    from orch.cli.hot_table import PROGRAM
call = Call(PROGRAM.name, "", True, None)
status = kit.run(call, PROGRAM, sys.argv[1:], whole)
os.write(2, " ".join(sorted(set(sys.modules) - before)).encode())
os._exit(status)
"""


def _set(*lines: str) -> frozenset[str]:
    return frozenset(name for line in lines for name in line.split(" "))


# Cost 3 ms and more each (docs/reference/benchmarks.md); apsw alone brings none of them.
_FORBIDDEN = _set(
    "re json typing enum dataclasses contextlib pathlib inspect logging subprocess asyncio shlex",
    "collections signal socket hashlib datetime importlib.metadata",
    "click pydantic orjson rich apsw.ext",
    "schema.pg psycopg2",  # The other engine, for who has no store on a server.
)

# Every command of either program: argv, the kit, the open store and one transaction.
_BOTH = _set(
    "inbox inbox.cli inbox.cli.kit inbox.cli.call inbox.cli.output inbox.cli.parse",
    "inbox.cli.values inbox.cli.grammar",
    "schema.failures schema.ids schema.open schema.file schema.transaction schema.clock",
    "schema.signals",  # Split off by meaning: when one may stop a command.
    "schema.json_text schema.queries schema.events",
    # What to do next stands in every answer (+ 0.5 ms): the answer is read, its steps are said.
    "schema.steps _json",
)
_EVERY = _BOTH | _set("inbox.cli.main inbox.cli.table inbox.model inbox.cli.next inbox.steps")
_LISTS = _EVERY | _set("inbox.cli.threads inbox.reads inbox.store inbox.store.messages")
_SHOWS = _EVERY | _set(
    "inbox.cli.threads inbox.store inbox.store.threads inbox.store.messages inbox.store.cursors"
)
_RULES = _set("inbox.operations inbox.operations.leases inbox.store.leases")
_MACHINE = _set("inbox.machines schema.machine")
_SEND = _SHOWS | _set("inbox.operations inbox.operations.threads")
_HOLDER = (
    (_EVERY | _RULES | _MACHINE)
    | _set("inbox.cli.leases inbox.store inbox.store.threads inbox.store.messages")
    | _set("inbox.operations.work")
)

_HOT = {
    "send --from lead --to w --subject s --body b": _SEND,
    "reply --from lead --thread {held} --body b": _SEND | _RULES,
    "claim --agent w --thread {open}": (
        (_HOLDER - {"inbox.operations.work", "inbox.cli.leases"})
        | _set("inbox.cli.claims inbox.operations.claims inbox.operations.threads")
        | _set("inbox.store.cursors _blake2")
    ),
    "renew --agent w --thread {held}": _HOLDER,
    "update --agent w --thread {held} --status in_progress": _HOLDER,
    "release --agent w --thread {held}": _HOLDER,
    "done --agent w --thread {held} --summary s": _HOLDER,
    "fail --agent w --thread {held} --summary s": _HOLDER,
    "fetch --agent w": _LISTS,
    "list": _LISTS,
    "show --thread {held}": _SHOWS | _set("inbox.reads inbox.store.leases"),
    "ack --agent w --thread {held} --through msg_3": _SHOWS,
    "hook --agent w --client claude --event E": (
        (_EVERY - {"schema.events"})
        | _set("inbox.cli.hooks inbox.operations inbox.operations.announcements select")
        | _set("inbox.store inbox.store.announcements inbox.cli.plain _json")
    ),
    "watch --after-event 1": (
        (_SHOWS - {"inbox.cli.threads"})
        | _RULES
        | _set("inbox.cli.waits inbox.workflows inbox.workflows.wait inbox.workflows.wait_for_work")
        | _set("inbox.reads")
    ),
}

# Every command of a run: the run, and whether there is anything to reconcile.
_RUN = _BOTH | _set(
    "orch orch.cli orch.cli.main orch.cli.hot_table orch.cli.leader_loop orch.model",
    "orch.operations orch.operations.runs orch.store orch.store.runs orch.store.due",
    "orch.reconcile orch.cli.next orch.steps orch.steps.model orch.steps.run",
)
_ANSWER = (
    (_RUN | _RULES | _SEND)
    - _set("inbox.cli.main inbox.cli.table inbox.cli.threads inbox.cli.next")
    | _set("orch.cli.task_names orch.operations.tasks orch.operations.attempts orch.reads")
    | _set("orch.store.tasks orch.store.attempts")
)
_HOT_ORCH = {
    "ready --run r": _RUN | _set("orch.operations.scheduling orch.store.tasks orch.steps.task"),
    "blocked --run r": _RUN | _set("orch.reads orch.steps.task"),
    "status --run r": _RUN
    | _set("orch.reads orch.run_end orch.operations.scheduling orch.store.tasks"),
    "reconcile --run r": _RUN | _set("orch.reads"),
    "wait --run r --for task_blocked": _RUN
    | _set("orch.reads orch.store.tasks orch.wait inbox.workflows inbox.workflows.wait")
    | _set("orch.pace"),  # What a wait remembers of slow places between its looks.
    "answer r/t --body b": _ANSWER,
}


def _call(program: str, folder: Path, *argv: str) -> tuple[str, set[str]]:
    """Run one command in a fresh isolated interpreter; return its answer and what it loaded."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PROBE, program, "--db", str(folder / "coord.db"), *argv],
        capture_output=True,
        text=True,
        env=clean_environment(folder),
        cwd=folder,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout.strip(), set(done.stderr.split())


@pytest.fixture
def threads(tmp_path: Path) -> dict[str, str]:
    """Return the ids of an open thread and of one that `w` holds, in a store in tmp_path."""
    _call("inbox", tmp_path, "init")
    send = ("send", "--from", "lead", "--to", "w", "--get", "data.thread.thread_id", "--subject")
    ids = {name: _call("inbox", tmp_path, *send, name)[0] for name in ("held", "open")}
    _call("inbox", tmp_path, "claim", "--agent", "w", "--thread", ids["held"])
    return ids


@pytest.mark.parametrize("line", _HOT)
def test_a_hot_command_loads_exactly(line: str, tmp_path: Path, threads: dict[str, str]) -> None:
    _, loaded = _call("inbox", tmp_path, "--json", *line.format(**threads).split(" "))
    assert sorted(loaded - _HOT[line]) == [], "loaded beyond what is listed"
    assert sorted(_HOT[line] - loaded) == [], "listed, but not loaded any more"


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """Return a folder whose store has run r, reconciled; its task t waits for an answer."""
    _call("orch", tmp_path, "init")
    _call("orch", tmp_path, "run", "init", "--run", "r", "--goal", "g")
    _call("orch", tmp_path, "task", "add", "--run", "r", "--task", "t", "--default-to", "w")
    given = _call("orch", tmp_path, "--json", "dispatch", "r/t", "--execution-mode", "analysis")
    work = ("--agent", "w", "--thread", json.loads(given[0])["data"]["attempt"]["thread_id"])
    _call("inbox", tmp_path, "claim", *work)
    _call("inbox", tmp_path, "update", *work, "--status", "blocked", "--body", "Which port?")
    _call("orch", tmp_path, "reconcile", "--run", "r")
    return tmp_path


@pytest.mark.parametrize("line", _HOT_ORCH)
def test_a_hot_command_of_orch_loads_exactly(line: str, asked: Path) -> None:
    _, loaded = _call("orch", asked, "--json", *line.split(" "))
    assert sorted(loaded - _HOT_ORCH[line]) == [], "loaded beyond what is listed"
    assert sorted(_HOT_ORCH[line] - loaded) == [], "listed, but not loaded any more"


# Every other command is found in the whole table, whose folders import as little.
_LOOKS = ("events --run r", "task list --run r", "run list", "trace r/t")


@pytest.mark.parametrize("line", _LOOKS)
def test_the_whole_table_brings_no_costly_module(line: str, asked: Path) -> None:
    _, loaded = _call("orch", asked, "--json", *line.split(" "))
    assert "orch.cli.table" in loaded
    assert sorted(loaded & _FORBIDDEN) == []


_ALL_HOT = _HOT | _HOT_ORCH


@pytest.mark.parametrize("line", _ALL_HOT)
def test_no_hot_command_is_allowed_a_costly_module(line: str) -> None:
    assert not _ALL_HOT[line] & _FORBIDDEN
    assert not {name for name in _ALL_HOT[line] if name.partition(".")[0] in _FORBIDDEN}


def test_apsw_brings_no_costly_module(tmp_path: Path) -> None:
    """The sets count from after `import apsw`: what that brings is judged here."""
    code = "import sys; from schema import quick_start; quick_start.prepare(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert not set(done.stdout.split()) & (_FORBIDDEN - {"importlib.metadata"})


# Each module in a child of a process that has none of them yet.
_ALONE = """
import os, sys
from schema import quick_start
quick_start.prepare()
for name in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        try:
            __import__(name)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""


def test_the_module_of_each_command_loads_alone() -> None:
    """Most answers in tests come from a process that has them all (tests/support/warm.py)."""
    rows = [*inbox_whole().commands.values(), *orch_whole().commands.values()]
    targets = sorted({row.target.partition(":")[0] for row in rows})
    assert len(targets) > 30
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ALONE, *targets],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")


def test_terminal_states_are_the_machines() -> None:
    """inbox.model names them too, so that a reply need not load the machine."""
    assert set(THREAD.terminal) == set(TERMINAL)
