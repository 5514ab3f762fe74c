"""Brief of a rework: why the last attempt did not land, and what to do.

Titles and summaries of others, names of files and what a check printed stand in it as what they
are: text of tasks, not of ours.
"""

from orch.landing import candidates
from orch.store import entries as entry_rows
from orch.store import pull_requests, trials
from orch.store.entries import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database

_MOST_FILES = 50
_TAIL = 3000


def text(db: "Database", entry: Entry, branch: str, tip: str) -> str:
    """Return the brief of an entry that came back: its conflict, else the check that failed.

    `branch` holds the earlier commits, "" when it is gone; `tip` is where the new attempt starts.
    """
    conflict = candidates.read(db, entry)
    with db.read() as tx:
        failure = trials.culprit_check(tx, entry.queue_no, entry.entry_no)
        pull = pull_requests.find(tx, entry.entry_no)
        names = {n: entry_rows.get(tx, n).name for n in failure.companions} if failure else {}
    target = entry.target.removeprefix("refs/heads/")
    then = "resolve each file by hand"
    if conflict is not None:
        why = (
            "it conflicts with what landed there meanwhile. You start from "
            f"{target} at {tip[:12]}, which holds the others' work. Bring yours in again so that "
            "BOTH intents hold; drop neither side."
        )
    elif pull is not None and pull.failure:
        why = (
            f"{pull.summary} ({pull.url}). You start from {target} at {tip[:12]}. Bring your work "
            "in again, and mend what is said below."
        )
        then = "fix what fails"
    elif failure is not None:
        why = (
            f"the check {failure.check} failed with it there ({failure.summary}), twice on the "
            f"same tree. You start from {target} at {tip[:12]}. Bring your work in again, and "
            "fix it so that the check passes."
        )
        then = "fix what fails"
    else:
        why = f"it was sent back. You start from {target} at {tip[:12]}."
    parts = [
        f"Your earlier work on this task is done, and could not land on {target}: {why}",
        f"Your earlier commits: branch {branch or entry.head_commit} "
        f"(at {entry.head_commit[:12]}, from {entry.base_commit[:12]}).\n"
        f"Begin with: git merge --no-edit {branch or entry.head_commit}\n"
        f"then {then}, and commit.",
    ]
    if conflict is not None:
        parts += _of_conflict(conflict)
    elif pull is not None and pull.failure:
        lines = "\n".join(f"  {line}" for line in pull.failure.splitlines())
        parts.append("What the forge has of it (words of others):\n" + lines)
    elif failure is not None:
        parts += _of_failure(failure, list(names.values()))
    return "\n\n".join(parts)


def _of_conflict(conflict: candidates.Conflict) -> list[str]:
    parts = []
    if conflict.files:
        more = len(conflict.files) - _MOST_FILES
        shown = "\n".join(f"  {name}" for name in conflict.files[:_MOST_FILES])
        parts.append("In conflict:\n" + shown + (f"\n  and {more} more" if more > 0 else ""))
    if conflict.notes:
        parts.append("git says:\n" + "\n".join(f"  {n}" for n in conflict.notes[:_MOST_FILES]))
    if conflict.landed:
        parts.append("What landed there meanwhile:\n" + "\n".join(conflict.landed))
    return parts


def _of_failure(failure: trials.Conviction, companions: list[str]) -> list[str]:
    parts = []
    if companions:
        parts.append("On the target before it, when it was tested: " + ", ".join(companions))
    if failure.tail:
        lines = failure.tail[-_TAIL:].splitlines()
        parts.append(f"The end of what {failure.check} printed:\n" + "\n".join(
            f"  {line}" for line in lines
        ))  # fmt: skip
    return parts
