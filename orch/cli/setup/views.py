"""Plain views of `orch setup`."""

import os

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _setup(answer: "Answer") -> str:
    agent, removing, applied, scope, root = plain.values(
        answer, "agent removing applied scope root"
    )
    if agent is None:
        return _known(answer)
    files = plain.columns(answer.get("files"), "action path link_to why")
    touched = [row for row in files if row[0] != "unchanged"]
    what = "taken out" if removing else "set up"
    if not touched:
        state = "nothing of ours is there" if removing else "up to date, nothing to do"
        head = f"{agent} in {plain.line(root, 4096)}: {state}"
    elif applied:
        head = f"{agent} {what} in {plain.line(root, 4096)}: {many(len(touched), 'file')} changed"
    else:
        head = f"{agent} would be {what} in {plain.line(root, 4096)}; nothing is written"
    lines = [head]
    for action, path, link, why in files:
        lines.append(f"{action:9} {plain.line(path, 4096)}")
        if link:
            lines[-1] += f" (a link to {plain.line(link, 4096)})"
        if why:
            lines[-1] += f": {plain.line(why, 300)}"
    diff = answer.get("diff")
    if not applied and diff:
        lines.append(plain.visible(str(diff)))
    lines += [f"note: {note}" for note in (answer.get("notes") or [])]
    tracked = scope == "repository" and os.path.lexists(os.path.join(str(root), ".git"))
    if touched and applied and tracked:
        lines.append("note: commit this: a task's worktree holds only what is committed")
    return "\n".join(lines)


def _known(answer: "Answer") -> str:
    body = [
        [name, repository or "-", hooks or "-", title]
        for name, title, repository, hooks in plain.columns(
            answer.get("agents"), "agent title repository.0 hooks"
        )
    ]
    body = [[n, p, "yes" if "repository" in str(h) else "--user" if "user" in str(h) else "-", t]
            for n, p, h, t in body]  # fmt: skip
    header = ("AGENT", "INSTRUCTIONS", "HOOKS", "CLIENT")
    head = many(len(body), "known client")
    return plain.listing(head, header, body, "the same with --json")


VIEWS: "dict[str, Callable[[Answer], str]]" = {"setup": _setup}
