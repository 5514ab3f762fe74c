"""setup: make an agent client know of inbox and orch, and take it out again."""

import os

from orch.setup import catalog, changes, sharing
from orch.setup.changes import SetupRequest
from orch.setup.model import Broken, FileEdit, printable
from schema import file, version
from schema.failures import Failure, invalid_input
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.setup.catalog import Agent
    from orch.setup.model import Target


def setup(
    call: "Call",
    *,
    name: str | None,
    check: bool,
    dry_run: bool,
    remove: bool,
    mcp: bool,
    user: bool,
    force: bool,
    listing: bool,
) -> None:
    """Write what a client wants, or only tell."""
    if listing:
        call.say(_known(call))
        return
    if not name:
        known = ", ".join(catalog.agents())
        raise invalid_input("missing AGENT: which client?", reason="flag", hint=f"one of {known}")
    if check and dry_run:
        raise invalid_input("--check and --dry-run cannot be combined", reason="flag")
    agent = catalog.require(name)
    root = agent.home(os.environ) if user else _top()
    request = SetupRequest(agent, root, version.__version__, remove, force)
    home = os.path.realpath(os.environ.get("HOME") or "/nonexistent")
    if user and os.path.realpath(root).startswith(home.rstrip("/") + "/"):
        request.bounds = home  # Whoever keeps such files elsewhere at home links to them.
    request.mcp = mcp
    targets = agent.server(root, user) if mcp else agent.targets(root, user, primers())
    unseen = _find_sharers(request, targets, user) if remove and not mcp else []
    planned = changes.plan(request, targets)
    answer = _answer(request, planned, user, unseen, applied=not (check or dry_run))
    _require_no_conflict(call, request, planned, user)
    if check:
        _require_nothing_to_do(call, request, planned, user)
    elif not dry_run:
        try:
            changes.carry_out(root, planned)
        except Broken as broken:
            raise Failure(
                "invalid_input", "file", str(broken), hint="nothing was changed; fix it, run again"
            )
    call.say(answer)


def primers() -> dict[str, str]:
    """Return the installed version's primers by role: the texts that setup is made of."""
    from inbox.cli import primer as bus
    from orch.cli import primer

    return {
        "worker": bus.text("worker"),
        "leader": primer.text("leader"),
        "reviewer": bus.text("reviewer"),
    }


def _top() -> str:
    """Return the top of the checkout around the working directory, else the directory itself."""
    here = os.getcwd()
    return file.main_checkout(here)[0] or here


def _find_sharers(request: SetupRequest, targets: "list[Target]", user: bool) -> list[str]:
    """Note whose files are not to be touched; return what a person is told about others."""
    others = [agent for agent in catalog.agents().values() if agent.name != request.agent.name]
    request.kept, unseen = sharing.kept(request, targets, others, user, primers())
    if not unseen or request.kept:
        return []
    return [
        f"{', '.join(unseen)}: whoever uses one of these here reads the same file, and leaves no "
        f"trace; set it up again: orch setup {unseen[0]}"
    ]


def _answer(
    request: SetupRequest, planned: list[FileEdit], user: bool, unseen: list[str], *, applied: bool
) -> Json:
    gone = any(change.action == "removed" for change in planned)
    return obj(
        agent=request.agent.name,
        scope="user" if user else "repository",
        root=printable(request.root),
        removing=request.remove,
        mcp=request.mcp,
        applied=applied,
        files=[
            {"path": c.shown, "action": c.action, "why": c.why or None}
            | ({"link_to": printable(c.real)} if os.path.islink(c.path) else {})
            for c in planned
        ],
        diff=changes.diff(planned),
        notes=(unseen if gone else []) if request.remove else request.agent.notes(mcp=request.mcp),
    )


def _again(call: "Call", request: SetupRequest, user: bool, more: str = "") -> str:
    flags = " --user" * user + " --remove" * request.remove + " --mcp" * request.mcp
    return call.again(f"setup {request.agent.name}{flags}{more}")


def _require_no_conflict(
    call: "Call", request: SetupRequest, planned: list[FileEdit], user: bool
) -> None:
    """Refuse the whole of it where a file is in the way, with every reason at once."""
    wrong = [change for change in planned if change.action == "conflict"]
    if not wrong:
        return
    problems = [f"{change.shown} {change.why}" for change in wrong]
    edited = all("--force" in change.why for change in wrong)
    code, reason = ("refused", "work_at_risk") if edited else ("invalid_input", "file")
    see = f"to see it: {_again(call, request, user, ' --force --dry-run')}"
    raise Failure(
        code,
        reason,
        f"{request.agent.name} is not set up, nothing was written: " + "; ".join(problems),
        hint=see if edited else "fix these by hand, then run it again",
        details={"problems": problems},
        data=_answer(request, planned, user, [], applied=False),
    )


def _require_nothing_to_do(
    call: "Call", request: SetupRequest, planned: list[FileEdit], user: bool
) -> None:
    due = [change for change in planned if change.action != "unchanged"]
    if not due:
        return
    would = {"created": "create", "updated": "update", "removed": "remove"}
    told = [f"{would[change.action]} {change.shown}" for change in due]
    raise Failure(
        "invalid_state",
        "not_yet",
        f"{request.agent.name} is not up to date; setup would " + ", ".join(told),
        hint=f"look: {_again(call, request, user, ' --dry-run')}; "
        f"then: {_again(call, request, user)}",
        details={"would": told},
        data=_answer(request, planned, user, [], applied=False),
    )


def _known(call: "Call") -> Json:
    return obj(agents=[_described(agent) for agent in catalog.agents().values()])


def _described(agent: "Agent") -> dict[str, object]:
    return {
        "agent": agent.name,
        "title": agent.title,
        "repository": list(agent.places(False).values()),
        "user": [os.path.join("~", *_shown_home(agent), p) for p in agent.places(True).values()],
        "hooks": [
            w for w, u in (("repository", False), ("user", True)) if "hooks" in agent.places(u)
        ],
        "notes": agent.notes(mcp=False),
    }


def _shown_home(agent: "Agent") -> list[str]:
    return [os.path.relpath(agent.home({"HOME": "/"}), "/")] if agent.places(True) else []
