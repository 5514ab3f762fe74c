"""Everything that can refuse a start, looked at before anything is begun, and told at once."""

import os

from orch import config_in_force
from orch.cli.drive import run_settings
from orch.cli.plans import plans
from orch.config import load
from orch.config.model import Config
from orch.drive import ticket_files
from orch.git import changes, refs, repository
from orch.git import names as git_names
from orch.harness import config as harnesses
from orch.harness import preflight
from orch.landing import open_queue
from orch.plans import joined
from orch.steps.model import git, say
from orch.worktrees import clean, create
from schema import file
from schema.failures import Failure, invalid_input, not_found
from schema.value import Value, own
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inbox.cli.call import Call
    from orch.cli.start.given import StartInput
    from orch.git.repository import Repository

# Tried in this order where nobody names one.
CLIENTS = ("claude", "codex", "gemini", "copilot", "opencode")


class StartOptions:
    """What a start was asked for that can be refused before it begins.

    `pairs` are settings, as KEY=VALUE; `tickets` are globs of files to watch.
    """

    __slots__ = ("drives", "harness", "pairs", "program", "target", "tickets")

    def __init__(
        self,
        harness: str | None,
        program: "Sequence[str]",
        target: str | None,
        *,
        pairs: "Sequence[str]" = (),
        tickets: "Sequence[str]" = (),
        drives: bool,
    ) -> None:
        self.pairs = pairs
        self.tickets = tickets
        self.harness = harness
        self.program = tuple(program)
        self.target = target
        self.drives = drives


class Readiness(Value):
    """What a look found: the repository, the client that will work, what orch.toml says."""

    repo: "Repository | None" = None
    settings: Config | None = None
    harness: str = ""
    warnings: list[str] = own(factory=list)
    problems: list[Failure] = own(factory=list)

    def tried(self, look: "Callable[[], None]") -> None:
        """Look, and keep what is refused."""
        try:
            look()
        except Failure as failure:
            self.problems.append(failure)


def top_here() -> str:
    """Return the top of the checkout here, else this directory."""
    here = os.path.realpath(os.getcwd())
    return file.main_checkout(here)[0] or here


def look(call: "Call", given: "StartInput", options: StartOptions) -> Readiness:
    """Return what a start needs. Raises: one refusal, or one that tells all there are."""
    found = Readiness()
    found.tried(lambda: _look_at_plan(given))
    found.tried(lambda: _look_at_repository(found))
    found.tried(lambda: _look_at_settings(call, found))
    if found.repo is not None:
        repo = found.repo
        found.tried(lambda: _look_at_files(call, found, repo, given))
        found.tried(lambda: _look_at_target(repo, options.target))
    found.tried(lambda: ticket_files.require_globs(options.tickets))
    found.tried(lambda: _look_at_pairs(options))
    if options.drives:
        found.tried(lambda: _look_at_harness(found, options))
    if found.problems:
        raise _all_of(found.problems)
    return found


def _all_of(problems: list[Failure]) -> Failure:
    """Return one refusal that tells them all, with what helps against each."""
    if len(problems) == 1:
        return problems[0]
    lines = [f"nothing is started, {many(len(problems), 'reason')}:"]
    for one in problems:
        lines.append(f"- {one.message}" + (f" ({one.hint})" if one.hint else ""))
    first = problems[0]
    return Failure(
        first.code,
        first.reason,
        "\n".join(lines),
        hint="fix them, then give the same command again",
        next=[step for one in problems for step in one.next],
        details={
            **first.details,
            "reasons": [
                {"code": p.code, "reason": p.reason, "message": p.message, "hint": p.advice}
                for p in problems
            ],
        },
    )


def _look_at_plan(given: "StartInput") -> None:
    reading = joined.join([(one.name, one.reading) for one in given.contents])
    plans.require_sound("the plan", reading.problems)


def _look_at_repository(found: Readiness) -> None:
    here = os.path.realpath(os.getcwd())
    repo = repository.find_repository(here)
    if repo is None:
        raise not_found(
            "repository", here, hint="agents work in a git repository: make one",
            next=[git("init"), git("commit", "--allow-empty", "-m", "TEXT")],
        )  # fmt: skip
    if not repo.top:
        raise Failure(
            "invalid_state", "unsupported", f"{repo.common_dir} is bare: start in a clone"
        )
    if not refs.head(repo).commit:
        raise Failure(
            "invalid_state",
            "unsupported",
            f"{repo.top} has no commit yet: there is nothing to start from",
            next=[git("commit", "--allow-empty", "-m", "TEXT")],
        )
    found.repo = repo


def _look_at_settings(call: "Call", found: Readiness) -> None:
    try:
        found.settings = config_in_force.here(call.db)
    except Failure as failure:
        if failure.reason != "store":
            raise
        found.settings = load.load(None)
    policy = found.settings.policy
    if policy is not None and policy.proof == "signature" and not policy.signers:
        raise invalid_input(
            "[policy] wants signatures but names no signers: nobody could approve anything",
            reason="file",
            hint="name them in [policy.signers] of orch.toml",
        )


def _look_at_files(call: "Call", found: Readiness, repo: "Repository", given: "StartInput") -> None:
    """Refuse what a new worktree would lack; the files that were given are no part of that."""
    globs = [one.name for one in given.contents if one.name]
    ours: tuple[str, ...] = (os.path.join(repo.top, file.STORE_FOLDER),)
    try:
        db = call.db
    except Failure as failure:
        if failure.reason != "store":
            raise
    else:
        ours = clean.left_out(db, create.root_of(repo, None, found.settings or Config()))
        with db.read() as tx:
            globs += clean.ticket_globs(tx, found.settings)
    seen = changes.status(repo, leave_out=ours)
    try:
        clean.require(repo, clean.without(seen, globs))
    except Failure as failure:
        failure.hint = "commit or remove them"
        raise


def _look_at_target(repo: "Repository", target: str | None) -> None:
    if target is not None:
        branch = git_names.require_branch(target.removeprefix(open_queue.HEADS))
        open_queue.require_makeable(repo, branch)


def _look_at_pairs(options: StartOptions) -> None:
    run_settings.read(options.pairs)


def _look_at_harness(found: Readiness, options: StartOptions) -> None:
    """Choose the client: the one that was named, orch.toml's, or the first that can start."""
    settings = found.settings
    own = settings.drive if settings is not None else {}
    known = settings.harnesses if settings is not None else {}
    named = options.harness or ("command" if options.program else str(own.get("harness") or ""))
    tried = []
    for name in (named,) if named else CLIENTS:
        client, problems = harnesses.resolve(name, known, options.program)
        if client is not None:
            seen = preflight.look(client, _environment(client))
            problems = seen.problems
            if not problems:
                found.harness = name
                found.warnings += seen.warnings
                return
        tried.append(f"{name}: {'; '.join(problems)}")
    raise invalid_input(
        "no agent client can start: " + " · ".join(tried)
        if not named
        else f"harness {named} cannot start: " + tried[0].partition(": ")[2],
        hint="install one, or name a program of yours: --harness command -- PROGRAM",
        next=[say("work", agent="NAME", harness="H", check=True)],
    )


def _environment(client: "harnesses.Harness") -> dict[str, str]:
    from orch.agents import turn

    return turn.base_environment(client)
