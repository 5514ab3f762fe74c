"""The JSON Schema of `data` of the commands about worktrees; notation as in inbox/cli/shapes.py."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.shapes import Shape

_REPLAYED: "dict[str, Any]" = {"replayed?": "flag"}
_LEFTOVER: "dict[str, Any]" = {
    "run_id": "text",
    "what": ("log", "spool", "slot", "place"),
    "path": "text",
    "files": "count",
    "bytes": "count",
    "reason?": "text",
}
_WORKTREE: "dict[str, Any]" = {
    "task_id": "text",
    "attempt_no": "count",
    "worktree_path": "text",
    "branch_name": "text",
    "place_path?": "text",
}
WORKSPACES: "dict[str, Shape]" = {
    "cleanup": {
        "run_id": "text|null",
        "dry_run": "flag",
        "queue_slots": "count",
        "cleaned": [
            {
                **_WORKTREE,
                "proof": "text",
                "ignored": "count",
                "ignored_files?": "count",
                "ignored_bytes?": "count",
                "largest_ignored?": [{"path": "text", "bytes": "count"}],
                "saved_ignored?": "count",
                "salvage_ref?": "text",
            }
        ],
        "kept": [{**_WORKTREE, "reason": "text"}],
        "remote_branches?": "count",
        "leftovers?": [_LEFTOVER],
        "bytes?": "count",
        **_REPLAYED,
    },
    "diff": {
        "run_id": "text",
        "task_id": "text|null",
        "stat": "flag",
        "diffs": [
            {
                "run_id": "text",
                "task_id": "text",
                "attempt_no": "count",
                "branch_name": "text",
                "base_commit": "text",
                "head_commit": "text",
                "added": "count",
                "removed": "count",
                "files": [{"path": "text", "added": "count", "removed": "count"}],
                "dirty_files": "count|null",
                "text": "text",
                "truncated": "flag",
            }
        ],
    },
    "open": {
        "run_id": "text",
        "task_id": "text",
        "attempt_no": "count",
        "assigned_to": "text",
        "path": "text",
        "branch_name": "text",
        "harness": "text|null",
        "session": "text|null",
        "resume": "text|null",
        "running": "flag",
        "opened": "flag",
    },
    "salvage list": {
        "run_id": "text",
        "salvages": [
            {
                "ref": "text",
                "commit": "text",
                "head_commit": "text",
                "summary": "text",
                "created_at": "time",
            }
        ],
    },
    "salvage restore": {
        "run_id": "text",
        "task_id": "text",
        "attempt_no": "count",
        "ref": "text",
        "path": "text",
        **_REPLAYED,
    },
    "repo moved": {
        "old_path": "text",
        "repo_path": "text",
        "runs": ["text"],
        "worktrees": "count",
        **_REPLAYED,
    },
    "repo accept": {"run_id": "text", "repo_path": "text", "changes": ["text"], **_REPLAYED},
}
