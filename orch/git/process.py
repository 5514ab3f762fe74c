"""Starting git: which program, which environment, within which limits.

Guarantees: an argument list and never a shell; git's absolute path found once; stdin is
/dev/null unless fed; the environment is made from an allow-list, so no GIT_* of the
caller gets in; nothing that configuration names is run (fixed overrides here, those by
name in `repository.call`); a git that passes its time or output limit is ended with its
whole process group. Never reads a repository by itself.
"""

import contextlib
import contextvars
import os
import re
import time
from dataclasses import dataclass

from orch import children
from orch.git import traps
from orch.git.names import display, redact
from orch.git.talk import Talk, end_child
from schema.failures import Failure
from schema.signals import heed, hold_off

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

SECONDS = 60.0
LIST_BYTES = 64 << 20
TEXT_BYTES = 8 << 20
_TAIL = 2000

_KEPT = ("HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME")
_FIXED = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_SEQUENCE_EDITOR": "false",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_SSH_COMMAND": "false",
    "GIT_ALLOW_PROTOCOL": "",  # Empty allows none: nothing here needs a network.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    # An object id means that object, whatever a worker wrote to refs/replace or grafts.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
}

# Overrides with the rank of `git -c`, passed as GIT_CONFIG_KEY_n/VALUE_n: `-c` splits at the
# first "=", so a driver called "a=b" could not be switched off by it.
QUIET: "tuple[tuple[str, str], ...]" = (
    ("core.hooksPath", os.devnull),
    ("advice.graftFileDeprecated", "false"),  # GIT_GRAFT_FILE is ours.
    ("core.fsmonitor", "false"),
    ("core.sshCommand", "false"),
    ("core.editor", "false"),
    ("core.pager", "cat"),
    ("core.askPass", "false"),
    ("core.alternateRefsCommand", ""),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("diff.submodule", "short"),
    ("interactive.diffFilter", ""),
    ("merge.default", "text"),
    ("merge.verifySignatures", "false"),
    ("log.showSignature", "false"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("gpg.program", "false"),
    ("gpg.openpgp.program", "false"),
    ("gpg.x509.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.ssh.defaultKeyCommand", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("status.submoduleSummary", "false"),
    ("protocol.allow", "never"),
    ("protocol.ext.allow", "never"),
    ("color.ui", "false"),
    ("worktree.guessRemote", "false"),
)


_until: contextvars.ContextVar[float | None] = contextvars.ContextVar("until", default=None)


@contextlib.contextmanager
def within(seconds: float | None) -> "Iterator[None]":
    """Give all git calls of a block together so many seconds; None: each its own time again."""
    token = _until.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def time_left(seconds: float) -> float:
    """Return how long something may take that would be given `seconds`."""
    until = _until.get()
    return seconds if until is None else max(0.05, min(seconds, until - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Output:
    """What one git left: exit status, stdout as bytes, stderr as text."""

    code: int
    out: bytes
    err: str
    truncated: bool = False

    def text(self) -> str:
        """Return stdout as text, undecodable bytes kept as surrogates, without the last newline."""
        return os.fsdecode(self.out).removesuffix("\n")

    def records(self) -> list[str]:
        """Return the NUL-ended records of stdout."""
        return os.fsdecode(self.out).split("\0")[:-1]


_found: "dict[str, str]" = {}


def git_path() -> str:
    """Return git's absolute path, looked for once per PATH. Raises: git_error/missing."""
    path = os.environ.get("PATH", os.defpath)
    if path not in _found:
        for folder in path.split(os.pathsep):
            program = os.path.join(folder, "git")
            if os.path.isabs(folder) and os.path.isfile(program) and os.access(program, os.X_OK):
                _found[path] = program
                break
        else:
            raise Failure("git_error", "missing", "git is not on PATH", hint="install git 2.39+")
    return _found[path]


_version: "dict[str, tuple[int, int, int]]" = {}


def git_version() -> "tuple[int, int, int]":
    """Return git's version, asked for once. Raises: git_error/missing when older than 2.39."""
    program = git_path()
    if program not in _version:
        words = execute(["version"], environment(), "/", seconds=10).text().split()
        parts = [int(p) if p.isdigit() else 0 for p in (*words[2].split("."), "0", "0")[:3]]
        _version[program] = (parts[0], parts[1], parts[2])
    if _version[program] < (2, 39, 0):
        shown = ".".join(map(str, _version[program]))
        raise Failure("git_error", "missing", f"git {shown} is too old", hint="install git 2.39+")
    return _version[program]


def environment(
    config: "Sequence[tuple[str, str]]" = (), extra: "Mapping[str, str] | None" = None
) -> "dict[str, str]":
    """Return the whole environment of a git: allow-list, fixed values, overrides, `extra`."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    env["PATH"] = os.pathsep.join(f for f in folders if os.path.isabs(f))
    env |= _FIXED
    pairs = (*QUIET, *config)
    env["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (key, value) in enumerate(pairs):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env | dict(extra or {})


def execute(
    args: "Sequence[str]",
    env: "Mapping[str, str]",
    cwd: str,
    *,
    stdin: bytes | None = None,
    ok: "tuple[int, ...]" = (0,),
    seconds: float = SECONDS,
    limit: int = LIST_BYTES,
    truncate: bool = False,
    hold: "tuple[int, ...]" = (),
    search: traps.Search | None = None,
) -> Output:
    """Run `git args…` to its end and return what it left.

    `ok` are the exit statuses that are answers; `limit` bounds stdout in bytes, beyond it
    the output is cut (`truncate`) or the call fails. `hold` are lock descriptors that the
    child inherits: a git that outlives a killed parent keeps the parent's locks. `search` finds
    what holds a git that takes its time.

    Raises: Interrupted, git_error/failed, git_error/timeout, git_error/missing.
    """
    import subprocess

    heed()
    seconds = time_left(seconds)
    hold_off()
    try:
        with children.starting():
            child = subprocess.Popen(
                [git_path(), *args],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=env,
                start_new_session=True,
                pass_fds=hold,
                bufsize=0,
            )
            children.enter(child.pid)
    except (OSError, ValueError) as error:
        raise failure("failed", f"git could not be started: {error}", args) from error
    talk = Talk(child, stdin or b"", time.monotonic() + seconds, limit, search)
    ending = _to_its_end(child, talk)
    answer = Output(child.returncode, bytes(talk.out[:limit]), talk.tail(), ending == "output")
    if talk.trap:
        raise traps.failure(talk.trap)
    if ending == "time":
        raise failure("timeout", f"git {_verb(args)} took more than {seconds:.3g} s", args, answer)
    if ending == "output" and not truncate:
        raise failure("failed", f"git {_verb(args)} wrote more than {limit} bytes", args, answer)
    if not ending and answer.code not in ok:
        why = said(answer.err) or f"exit {answer.code}"
        raise failure("failed", f"git {_verb(args)}: {why}", args, answer)
    return answer


_LOCK = re.compile(
    r"(?:Unable to create '(.+\.lock)'|could not lock config file (.+)): File exists"
)


def said(err: str) -> str:
    """Return in one line what git says went wrong: the lock file in the way, else its first error.

    Its last line is often advice, and what comes before the error a warning.
    """
    lock = lock_in_the_way(err)
    if lock:
        return f"the lock file {lock} is in the way"
    lines = [line.strip() for line in err.split("\n") if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:"))]
    plain = [line for line in lines if not line.startswith(("hint:", "warning:"))]
    return (errors or plain[-1:] or lines[-1:] or [""])[0]


def lock_in_the_way(err: str) -> str:
    """Return the lock file that kept git from its work, as it says, "" for none."""
    found = _LOCK.search(err)
    return "" if found is None else found[1] or f"{found[2]}.lock"


def _to_its_end(child: "subprocess.Popen[bytes]", talk: Talk) -> str:
    """Stay with a child that was just started; return which limit it passed, "" for none."""
    try:
        heed()
        return talk.run()
    finally:
        hold_off()
        end_child(child)
        heed()


def failure(
    reason: str, message: str, args: "Sequence[str]", answer: Output | None = None
) -> Failure:
    """Return the git_error for one call, its arguments and the end of its stderr attached.

    What git says of a lock file or an owner is passed on as a hint.
    """
    details: dict[str, object] = {"argv": ["git", *(redact(display(a)) for a in args)][:40]}
    hint = ""
    if answer is not None:
        details |= {"exit": answer.code, "stderr": answer.err[-_TAIL:]}
        lock = lock_in_the_way(answer.err)
        hint = _trust(answer.err)
        if lock:
            import shlex

            hint = f"if no git is at work there, remove it: rm {shlex.quote(lock)}"
            details["lock"] = lock
    return Failure("git_error", reason, redact(display(message)), hint=hint, details=details)


def _trust(err: str) -> str:
    """Return what makes git work in a repository of somebody else, "" where that is not it."""
    import re
    import shlex

    found = re.search(r"dubious ownership in repository at '(.+)'", err)
    if found is None:
        return ""
    place = shlex.quote(found[1])
    return f"if you trust who owns it: git config --global --add safe.directory {place}"


def _verb(args: "Sequence[str]") -> str:
    return next((a for a in args if not a.startswith("-")), "")
