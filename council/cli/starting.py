"""council start: find out what is reviewed, brief three reviewers, dispatch them at once."""

from itertools import chain, count

from council import brief
from council.operations import councils, declines
from council.rows import Council, Seat
from council.store import councils as store
from council.vocabulary import ROLES, Role, role_of
from council.workflows import asking
from inbox.cli import values
from orch.cli import task_names
from orch.cli.tasks.runs import require_store
from orch.steps.model import say
from orch.store import runs as run_rows
from orch.worktrees import places
from schema import ids
from schema.failures import invalid_input
from schema.json_text import Json, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


_MOST_OF_A_STEM = 56


def start(
    call: "Call",
    *,
    run: str | None,
    target: str | None,
    target_file: str | None,
    target_type: str | None,
    mode: str | None,
    diff: str | None,
    task: str | None,
    reviewers: tuple[str, ...],
    quorum: int,
    deadline: float | None,
    output: str,
    rounds: str | None,
    since: str | None,
    only_unanimous: bool,
    leader: str,
    key: str | None,
) -> None:
    """Open a run and ask three reviewers, in one transaction."""
    run = run or _free_name(call, task)
    council = Council.new(run)
    council.target = _text(call, target, target_file)
    council.mode = mode or ("code-review" if diff or task else "brainstorm")
    council.target_type = target_type or ("task" if task else "mixed")
    council.output, council.only_unanimous = output, only_unanimous
    council.quorum = quorum
    council.rounds, council.since = int(rounds or 1), since
    _require_sense(council, diff, task)
    agents = _agents(reviewers)
    if task is None:
        require_store(call)
    if _is_known(call, leader):
        return
    change = _look(call, council, diff, task)
    artifacts = asking.keep_change(call.db, council, change)
    seats = [
        _seat(call, council, number, role, agents[role], change)
        for number, role in enumerate(ROLES, 1)
    ]
    with call.db.write() as tx:

        def _change() -> Json:
            if since is not None:
                councils.require(tx, since)
            if deadline is not None:
                council.deadline_at = tx.now.wall_ms + round(deadline * 1000)
            headline = brief.headline(council)
            call.committed = councils.start(tx, council, leader, seats, headline, artifacts)
            declined = len(declines.gather(tx, since))
            document = store.document(tx, run)
            return merge(document, declined=declined, event_id=call.committed)

        answer = call.once(tx, leader, _change)
    places.make_due(call.db, run)
    call.say(answer, call.committed)


def _free_name(call: "Call", task: str | None) -> str:
    """Return the id of a task's next council. Raises: invalid_input where no task is named."""
    if task is None:
        raise invalid_input(
            "missing --run: the id of the run to open", reason="flag",
            next=[say("council start", run="ID", target="TEXT")],
        )  # fmt: skip
    stem = f"council-{task.rpartition('/')[2]}"[:_MOST_OF_A_STEM].rstrip("-._")
    with call.db.read() as tx:
        names = chain((stem,), (f"{stem}-{number}" for number in count(2)))
        return next(name for name in names if run_rows.find(tx, name) is None)


def _is_known(call: "Call", leader: str) -> bool:
    """Answer from what is stored under the key, before anything is looked at; say whether."""
    if not call.key:
        return False
    with call.db.read() as tx:
        answer = call.kept(tx, leader)
    if answer is not None:
        call.say(answer)
    return answer is not None


def _text(call: "Call", target: str | None, path: str | None) -> str:
    """Return the target's text; the key compares it as a value, wherever it came from."""
    if target is not None and path is not None:
        raise invalid_input("--target and --target-file cannot be combined", reason="flag")
    if path is not None:
        target = values.require_text(values.read_text(path, "--target-file"), "--target-file")
        call.bound |= {"target": target, "target_file": None}
    if target is not None and not target.strip():
        raise invalid_input("the target is empty: what is to be reviewed?")
    return target or ""


def _require_sense(council: Council, diff: str | None, task: str | None) -> None:
    """Refuse flags that do not go together, before anything is looked at."""
    if diff is not None and task is not None:
        raise invalid_input("--diff and --task cannot be combined", reason="flag")
    if not council.target and not diff and not task and council.target_type != "repo":
        raise invalid_input(
            "missing --target: what is to be reviewed?",
            reason="flag",
            hint="say --target TEXT, --target-file FILE, --diff BASE..HEAD or --task RUN/TASK",
        )
    if council.quorum > len(ROLES):
        raise invalid_input(f"--quorum is of three reviewers, not {council.quorum}")


def _agents(given: tuple[str, ...]) -> dict[Role, str]:
    """Return who takes each role. Raises: invalid_input."""
    agents: dict[Role, str] = {role: role for role in ROLES}
    named = set()
    for text in given:
        name, found, agent = text.partition("=")
        role = next((each for each in ROLES if found and each == role_of(name)), None)
        if role is None:
            raise invalid_input(
                f"--reviewer wants ROLE=AGENT, not {text[:80]!r}",
                hint="the roles: " + ", ".join(ROLES),
            )
        if role in named:
            raise invalid_input(f"--reviewer names {role} twice", reason="flag")
        named.add(role)
        agents[role] = ids.require_addressee(agent, "--reviewer")
    return agents


def _look(call: "Call", council: Council, diff: str | None, task: str | None) -> str:
    """Note in the council what is there to review; return the diff, '' without one."""
    if diff is None and task is None and council.target_type == "text":
        if council.mode == "code-review":
            from council.workflows import targets

            targets.look_at_text(council)
        return ""
    from council.workflows import targets

    if task is None and council.target_type == "task":
        task = _task_in_target(call, council)
    if diff is not None:
        return targets.look_at_span(council, diff, targets.here())
    if task is not None:
        with call.db.read() as tx:
            run_id, task_id = task_names.split(tx, None, task, None)
        return targets.look_at_attempt(call.db, council, run_id, task_id)
    if council.target_type in ("repo", "mixed"):
        targets.look_at_repository(council, targets.here())
    if council.mode == "code-review":
        targets.look_at_text(council)
    return ""


def _task_in_target(call: "Call", council: Council) -> str | None:
    """Return the target's text if it is the name RUN/TASK of a task, else None: it is words."""
    from orch.store import tasks

    run_id, slash, task_id = council.target.strip().partition("/")
    if not slash:
        return None
    with call.db.read() as tx:
        return f"{run_id}/{task_id}" if tasks.find(tx, run_id, task_id) is not None else None


def _seat(call: "Call", council: Council, number: int, role: Role, agent: str, change: str) -> Seat:
    return Seat(
        role,
        f"CR{number}",
        agent,
        f"{role}: {council.mode} of {brief.headline(council)}",
        brief.text(council, role, change),
        brief.expects(council, role),
        asking.place_of(call.db, council, f"CR{number}"),
    )
