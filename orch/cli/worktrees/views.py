"""Plain views of the commands about worktrees and repositories."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _cleanup(answer: "Answer") -> str:
    if answer.get("bytes") is not None:
        return _leftovers(answer)
    lines = []
    head = "would clean" if answer.get("dry_run") else "cleaned"
    paths = (
        "task_id attempt_no worktree_path place_path proof ignored ignored_files ignored_bytes "
        "largest_ignored saved_ignored salvage_ref"
    )
    for task, number, tree, place, proof, *ignored in plain.columns(answer.get("cleaned"), paths):
        path = tree or place
        lines.append(f"{head} {task} attempt {number}: {path} ({proof}{_ignored(ignored)})")
    told = "task_id attempt_no worktree_path place_path reason"
    for task, number, tree, place, why in plain.columns(answer.get("kept"), told):
        lines.append(f"kept {task} attempt {number}: {tree or place}: {plain.line(why, 300)}")
    slots = answer.get("queue_slots")
    if slots:
        lines.append(f"removed {many(slots, 'worktree')} in which the queue tested")
    pushed = answer.get("remote_branches")
    if pushed:
        lines.append(f"deleted on the remote: what {many(pushed, 'task')} had pushed, and landed")
    return "\n".join(lines or ["nothing was to be cleaned"])


def _leftovers(answer: "Answer") -> str:
    found = plain.columns(answer["leftovers"], "run_id what path files bytes reason")
    body = [(*shown, _size(size)) for *shown, size, why in found if why is None]
    head = "would remove" if answer["dry_run"] else "removed"
    text = plain.listing(
        f"{head} {_size(answer['bytes'])} that closed runs left",
        ("RUN", "WHAT", "PATH", "FILES", "SIZE"), body, "the same with --json",
    )  # fmt: skip
    if not body:
        text = "closed runs left nothing that is so old"
    for run, what, path, _, _, why in found:
        if why is not None:
            text += f"\nkept the {what} of {run}: {path}: {plain.line(why, 300)}"
    return text


def _ignored(found: "list[Any]") -> str:
    """Say what goes with a worktree beside its work: how much, and the largest."""
    entries, files, size, largest, saved, ref = found
    if not files:
        return f", {entries} ignored entries went with it" if entries else ""
    names = [str(row[0]) for row in plain.columns(largest or [], "path")]
    text = f", with {files} ignored files of {_size(size)}: {plain.line(', '.join(names), 120)}"
    return text + (f"; {saved} of them saved under {ref}" if saved else "")


def _size(count: object) -> str:
    size = float(str(count))
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _salvages(answer: "Answer") -> str:
    body = plain.columns(answer.get("salvages"), "ref commit created_at summary")
    return plain.listing(
        many(len(body), "salvage"), ("REF", "COMMIT", "SAVED", "WHAT"), body,
        "the same with --json",
    )  # fmt: skip


def _restored(answer: "Answer") -> str:
    ref, out = plain.values(answer, "ref path")
    return f"restored {ref} into {out}"


def _accepted(answer: "Answer") -> str:
    lines = [f"accepted the configuration of {answer['repo_path']}"]
    return "\n".join(lines + [plain.line(c, 300) for c in (answer.get("changes") or [])])


def _moved(answer: "Answer") -> str:
    old, new, count = plain.values(answer, "old_path repo_path worktrees")
    return f"the repository {old} is recorded at {new}; connected again: {many(count, 'worktree')}"


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "cleanup": _cleanup,
    "salvage list": _salvages,
    "salvage restore": _restored,
    "repo accept": _accepted,
    "repo moved": _moved,
}
