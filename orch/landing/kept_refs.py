"""The heads of entries, kept by refs of our own: a deleted branch loses no queued work.

A ref is named by its entry and its head, so that a second store on the same repository, or a new
one after the first was deleted, never meets another's. It goes once its entry is over and the
entry's branch or the target holds the head; where neither does it stays.
"""

from orch.git import commits
from orch.git import refs as git_refs
from orch.landing import kept_candidates
from orch.landing.open_queue import HEADS, OpenQueue
from orch.operations import entries
from orch.store import attempts as attempt_rows
from orch.store import entries as entry_rows
from orch.store.entries import Entry
from orch.worktrees import kept_heads
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schema.transaction import Database, ReadTx

KEPT = "refs/orch/queue/"


def ref_of(entry: Entry) -> str:
    """Return the ref that keeps an entry's head."""
    return f"{KEPT}{entry.entry_no}-{entry.head_commit}"


def look(opened: OpenQueue) -> "Mapping[str, str]":
    """Return every branch, every kept head and candidate, in one question to git."""
    return git_refs.list_refs(opened.repo, HEADS, KEPT, kept_candidates.KEPT)


def keep(opened: OpenQueue, waiting: "Iterable[Entry]", refs: "Mapping[str, str]") -> None:
    """Keep the heads of entries that are not among the refs seen. Raises: git_error."""
    heads = {ref_of(entry): entry.head_commit for entry in waiting}
    new = {ref: (head, "") for ref, head in heads.items() if refs.get(ref) != head}
    if git_refs.swap_refs(opened.repo, new, "orch queue"):
        return
    for ref, (head, _) in new.items():  # Some are there by now.
        if git_refs.read_ref(opened.repo, ref) != head and not git_refs.swap_ref(
            opened.repo, ref, head, ""
        ):
            raise Failure("git_error", "failed", f"{ref} is being changed by others")


def lost(opened: OpenQueue, waiting: "Iterable[Entry]", refs: "Mapping[str, str]") -> list[Entry]:
    """Return the entries whose head git has not any more: no ref of those seen keeps it."""
    unkept = [entry for entry in waiting if refs.get(ref_of(entry)) != entry.head_commit]
    if not unkept:
        return []
    gone = commits.missing_objects(opened.repo, [entry.head_commit for entry in unkept])
    return [entry for entry in unkept if entry.head_commit in gone]


def on_target(opened: OpenQueue, waiting: "Iterable[Entry]") -> list[Entry]:
    """Return the entries, their heads kept, whose head the target holds.

    Squashes are met when they are built; a revert's head is on the target by its nature.
    """
    merged = git_refs.list_refs(opened.repo, KEPT, merged=opened.tip) if opened.tip else {}
    return [e for e in waiting if e.kind != "revert" and ref_of(e) in merged]


def delete_obsolete(db: "Database", opened: OpenQueue) -> None:
    """Delete the refs of entries that are over and held elsewhere, and of candidates of old.

    One that somebody changes meanwhile stays, with all others, until the next time. Raises:
    git_error.
    """
    refs = look(opened)
    opened.look()
    with db.read() as tx:
        over = _over(tx, opened, refs)
        branches = {ref: entry_rows.branch_of(tx, entry) for ref, entry in over.items()}
        gone = kept_candidates.over(tx, opened, refs)
    landed = git_refs.list_refs(opened.repo, KEPT, merged=opened.tip) if over and opened.tip else {}
    for ref, entry in over.items():
        tip = refs.get(HEADS + branches[ref], "")
        if ref in landed or (tip and git_refs.is_ancestor(opened.repo, entry.head_commit, tip)):
            gone[ref] = ("", entry.head_commit)
    git_refs.swap_refs(opened.repo, gone, "orch queue: over")
    for entry in over.values():
        _delete_of_cleaned(db, opened, entry)


def _delete_of_cleaned(db: "Database", opened: OpenQueue, entry: Entry) -> None:
    """Delete the ref of an attempt whose worktree went before its work was over."""
    if entry.task_no is None:
        return
    with db.read() as tx:
        tried = attempt_rows.of_task(tx, entry.task_no)
    for attempt in tried:
        if attempt.attempt_key == entry.attempt_key and attempt.workspace_status == "cleaned":
            kept_heads.delete(opened.repo, entry.run_id, str(entry.task_id), attempt)


def _over(tx: "ReadTx", opened: OpenQueue, refs: "Mapping[str, str]") -> dict[str, Entry]:
    """Return the entries of this queue that are over and whose head is still kept, by ref."""
    found = {}
    for ref in refs:
        number = ref.removeprefix(KEPT).partition("-")[0] if ref.startswith(KEPT) else ""
        is_number = number.isascii() and number.isdecimal() and len(number) < 18  # Anybody's refs.
        entry = entry_rows.find(tx, int(number)) if is_number else None
        if entry is None or entry.queue_no != opened.queue.queue_no or ref != ref_of(entry):
            continue
        if entry.status in entries.FINAL:
            found[ref] = entry
    return found
