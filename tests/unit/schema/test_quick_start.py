"""The console scripts' own imports give what Python's would; what is unusual is left to Python."""

import compileall
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orch.cli.table import PROGRAM
from tests.support.cli import Cli, clean_environment

ROOT = Path(__file__).resolve().parents[3]
_LOOK = """
import sys
top, quick, code = sys.argv[1:]
sys.path.insert(0, top)
from schema import quick_start
if quick == "quick":
    quick_start.prepare()
facts = {}
exec(code)
import json
print(json.dumps(facts))
"""
_FACTS = """
import schema.migrate, inbox.cli.table, orch.cli.table, orch.git
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] in ("schema", "inbox", "orch") and name != "schema.quick_start":
        spec = module.__spec__
        facts[name] = [module.__file__, module.__cached__, module.__package__, module.__doc__,
                       list(getattr(module, "__path__", [])), spec.origin, spec.name, spec.parent,
                       spec.loader.get_source(name), spec.loader.is_package(name)]
"""
_SCHEMA = """
import schema.version
facts = [schema.version.__version__, type(schema.version.__loader__).__name__]
"""


def look(top: Path, code: str, *, quick: bool = True, **env: str) -> object:
    """Return the facts that a fresh interpreter finds out about the packages in `top`."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(top), "quick" if quick else "", code],
        capture_output=True,
        text=True,
        env=clean_environment(top, **env),
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a directory with a compiled copy of `schema`."""
    ignored = shutil.ignore_patterns("__pycache__", "migrations")
    shutil.copytree(ROOT / "schema", tmp_path / "schema", ignore=ignored)
    assert compileall.compile_dir(tmp_path / "schema", quiet=1)
    return tmp_path


def test_modules_are_those_that_python_would_import() -> None:
    assert compileall.compile_dir(ROOT / "schema", quiet=1)
    facts = look(ROOT, _FACTS)
    assert len(facts) > 15
    assert facts == look(ROOT, _FACTS, quick=False)


def test_a_fresh_compiled_file_is_taken_and_nothing_else(copy: Path) -> None:
    source = copy / "schema" / "version.py"
    (compiled,) = (copy / "schema" / "__pycache__").glob("version.*.pyc")
    version = look(copy, _SCHEMA)[0]
    assert look(copy, _SCHEMA) == [version, "_Loader"]
    assert look(copy, _SCHEMA, PYTHONPYCACHEPREFIX=str(copy / "c")) == [version, "SourceFileLoader"]

    source.write_text('__version__ = "edited"\n')  # Another size, another time.
    assert look(copy, _SCHEMA) == ["edited", "SourceFileLoader"]
    assert look(copy, _SCHEMA) == ["edited", "_Loader"]  # Python has compiled it meanwhile.

    compiled.write_bytes(b"\0" * 16 + compiled.read_bytes()[16:])  # Another Python's.
    assert look(copy, _SCHEMA, PYTHONDONTWRITEBYTECODE="1") == ["edited", "SourceFileLoader"]
    compiled.unlink()
    assert look(copy, _SCHEMA, PYTHONDONTWRITEBYTECODE="1") == ["edited", "SourceFileLoader"]


def test_a_compiled_file_of_the_same_size_but_another_time_is_stale(copy: Path) -> None:
    source = copy / "schema" / "version.py"
    source.write_text(source.read_text().replace(look(copy, _SCHEMA)[0], "9.9.9"))
    os.utime(source, (1, 1))
    assert look(copy, _SCHEMA) == ["9.9.9", "SourceFileLoader"]


def test_a_module_that_does_not_exist_is_an_import_error_as_ever(copy: Path) -> None:
    code = """
try:
    import schema.nothing
except ModuleNotFoundError as error:
    facts = [str(error), error.name]
"""
    assert look(copy, code) == ["No module named 'schema.nothing'", "schema.nothing"]


def test_apsw_comes_without_collections_and_those_come_whole_later() -> None:
    code = """
before = "apsw" in sys.modules and "collections" not in sys.modules
import apsw, collections.abc, collections
class Named(collections.abc.Mapping):
    def __getitem__(self, name): return {"a": 7}[name]
    def __iter__(self): return iter("a")
    def __len__(self): return 1
rows = apsw.Connection(":memory:").execute("SELECT :a", Named()).fetchall()
facts = [before, rows, collections.abc.__name__, collections.Counter("aa")["a"],
         collections.abc is sys.modules["collections.abc"]]
"""
    assert look(ROOT, code) == [True, [[7]], "collections.abc", 2, True]


@pytest.mark.parametrize("program", ["inbox", "orch"])
@pytest.mark.parametrize("safe", ["", "1"])
def test_packages_of_a_project_are_never_taken_for_ours(
    tmp_path: Path, program: str, safe: str
) -> None:
    """direnv and test runners put the project on PYTHONPATH, an empty part means its folder."""
    for name in ("schema", "inbox", "orch", "council"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('code of the project ran')")
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "schema.py").write_text("raise SystemExit('code of the project ran')")
    for given in (str(tmp_path), f":{tmp_path / 'first'}", f"{tmp_path / 'first'}/"):
        env = clean_environment(tmp_path, PYTHONPATH=given)
        if safe:
            env["PYTHONSAFEPATH"] = safe
        argv = [Path(sys.executable).parent / program, "--version"]
        done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), done


_LINES = (
    ("inbox", "list"),
    ("inbox", "--json", "list", "--limit", "0"),
    ("inbox", "--json", "send", "--from", "a", "--to", "b", "--subject", "é\udcff"),
    ("inbox", "doctor", "--no-such-flag"),
    ("orch", "run", "--help"),
    ("orch", "--json", "status", "--run", "nope"),
    ("orch", "--json", "queue", "show", "ent_1"),
    ("orch", "council", "taly"),
)


@pytest.mark.parametrize("line", _LINES, ids=" ".join)
def test_a_warm_answer_is_the_scripts(inbox: Cli, line: tuple[str, ...]) -> None:
    """Status, standard output and standard error, byte for byte (tests/support/warm.py)."""
    cold = Cli(inbox.cwd, program=line[0], home=inbox.cwd.parent)
    script, answer = cold.run(*line[1:]), cold.warm.quick(*line[1:])
    assert (answer.status, answer.raw, answer.err) == (script.status, script.raw, script.err)


@pytest.mark.parametrize(
    "words", sorted({*PROGRAM.commands} - {"mcp"})
)  # It answers a client only.
def test_every_command_of_orch_starts_as_a_script(inbox: Cli, words: str) -> None:
    """All rooms may read warm answers: here each example is pasted, on a store without its run."""
    program, *argv = shlex.split(PROGRAM.commands[words].example)
    answer = Cli(inbox.cwd, program=program, home=inbox.cwd.parent).run("--json", *argv)
    assert answer.json["command"] == words.rpartition(" ")[2] and answer.err == ""
    assert answer.status == 0 or answer.error["code"] != "internal_error"


def test_a_warm_command_has_its_own_place_and_environment(inbox: Cli, bare: Cli) -> None:
    assert inbox.warm.ok("list")["threads"] == []
    error = bare.warm.refuse("not_found", "store", "list")
    assert bare.warm.at(ORCH_DB=inbox.where).ok("list")["threads"] == []
    assert bare.warm.refuse("not_found", "store", "list") == error


def test_a_warm_command_has_the_umask_of_its_caller(inbox: Cli) -> None:
    orch = Cli(inbox.cwd, program="orch", home=inbox.cwd.parent).warm
    orch.ok("run", "init", "--run", "r", "--goal", "g")
    for umask, mode in ((0o027, 0o640), (0o022, 0o644)):
        before = os.umask(umask)
        try:
            orch.ok("report", "--run", "r", "--out", f"{umask}.html")
        finally:
            os.umask(before)
        assert (inbox.cwd / f"{umask}.html").stat().st_mode & 0o777 == mode


def test_a_warm_command_dies_at_its_crash_point(inbox: Cli) -> None:
    words = ("send", "--from", "a", "--to", "b", "--subject", "s", "--body", "b")
    for point, left in (("commit.before", 0), ("commit.after:2", 1), ("commit.after", 2)):
        assert inbox.warm.quick("list", env={"ORCH_CRASH_AT": point}).status == 0
        died = inbox.warm.quick(*words, env={"ORCH_CRASH_AT": point})
        assert died.status == (0 if point.endswith(":2") else -signal.SIGKILL), died
        assert len(inbox.warm.ok("list")["threads"]) == left


def test_a_warm_command_that_hangs_is_ended_and_the_next_one_answers(inbox: Cli) -> None:
    with pytest.raises(AssertionError, match="still running"):
        inbox.warm.quick("watch", "--follow", deadline=0.5)
    assert inbox.warm.ok("list")["threads"] == []
