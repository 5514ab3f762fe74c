"""The only door to git. Knows no database, no run and no task; see the modules' headers.

`from orch import git`, then `git.open_repository(path)` and the functions below. All
take a `Repository`; object ids are full and lower case; paths from git keep undecodable
bytes as lone surrogates (`git.display` makes them fit to show). A module is loaded when
the first of its names is used: what a command does not need, it does not pay for.

Adding a public name? It stands in three lists below: tests/unit/test_git_names.py.
"""

# fmt: off
# ruff: noqa: I001
TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.git.blobs import blob_id_of, blob_ids, read_blob
    from orch.git.candidates import Candidate, make_candidate, make_revert
    from orch.git.changes import Change, Status, hidden_files, ignored_files, status
    from orch.git.commits import missing_objects, parents_of
    from orch.git.following import Stray, bring_branch, stray_commits
    from orch.git.in_the_way import Blocker
    from orch.git.landing import (
        checkouts_of, create_target, is_published, move_target, refresh_checkout, rehearse,
        release_checkouts)
    from orch.git.merges import (
        Identity, Merge, ORCH, PathChange, changed_paths, commit_tree, diff_text,
        heads_missing_from,
        merge_heads, merge_trees)
    from orch.git.names import (
        attempt_branch, display, is_oid, redact, ref_fault, require_branch, require_oid,
        require_ref, salvage_ref)
    from orch.git.patches import Applied, apply_patches, path_modes, tree_faults
    from orch.git.process import git_path, git_version
    from orch.git.proofs import Integration, PROOFS, find_integration
    from orch.git.refs import (
        Commit, Head, checked_out_at, count_commits, delete_branch, head, is_ancestor, list_commits,
        list_files, list_refs, merge_base, read_ref, ref_in_the_way, resolve, swap_ref, swap_refs,
        tree_id)
    from orch.git.removing import Removed, remove_worktree
    from orch.git.repository import (
        Repository, find_repository, is_registered, linked_worktree, locked_directory,
        open_repository, operation_in_progress)
    from orch.git.restoring import restore_salvage
    from orch.git.salvage import (
        SALVAGE, Salvage, Snapshot, commit_all, list_salvages, save_salvage, take_snapshot)
    from orch.git.slots import open_slot, remove_slot
    from orch.git.tamper import Difference, differences, fingerprint
    from orch.git.traits import Traits, read_traits
    from orch.git.workbench import Workbench, open_workbench
    from orch.git.worktrees import (
        Worktree, add_detached, add_worktree, find_worktree, list_worktrees, main_checkout,
        recover_worktree, repair_worktrees)

__all__ = [
    "ORCH",
    "PROOFS",
    "SALVAGE",
    "Applied",
    "Blocker",
    "Candidate",
    "Change",
    "Commit",
    "Difference",
    "Head",
    "Identity",
    "Integration",
    "Merge",
    "PathChange",
    "Removed",
    "Repository",
    "Salvage",
    "Snapshot",
    "Status",
    "Stray",
    "Traits",
    "Workbench",
    "Worktree",
    "add_detached",
    "add_worktree",
    "apply_patches",
    "attempt_branch",
    "blob_id_of",
    "blob_ids",
    "bring_branch",
    "changed_paths",
    "checked_out_at",
    "checkouts_of",
    "commit_all",
    "commit_tree",
    "count_commits",
    "create_target",
    "delete_branch",
    "diff_text",
    "differences",
    "display",
    "find_integration",
    "find_repository",
    "find_worktree",
    "fingerprint",
    "git_path",
    "git_version",
    "head",
    "heads_missing_from",
    "hidden_files",
    "ignored_files",
    "is_ancestor",
    "is_oid",
    "is_published",
    "is_registered",
    "linked_worktree",
    "list_commits",
    "list_files",
    "list_refs",
    "list_salvages",
    "list_worktrees",
    "locked_directory",
    "main_checkout",
    "make_candidate",
    "make_revert",
    "merge_base",
    "merge_heads",
    "merge_trees",
    "missing_objects",
    "move_target",
    "open_repository",
    "open_slot",
    "open_workbench",
    "operation_in_progress",
    "parents_of",
    "path_modes",
    "read_blob",
    "read_ref",
    "read_traits",
    "recover_worktree",
    "redact",
    "ref_fault",
    "ref_in_the_way",
    "refresh_checkout",
    "rehearse",
    "release_checkouts",
    "remove_slot",
    "remove_worktree",
    "repair_worktrees",
    "require_branch",
    "require_oid",
    "require_ref",
    "resolve",
    "restore_salvage",
    "salvage_ref",
    "save_salvage",
    "status",
    "stray_commits",
    "swap_ref",
    "swap_refs",
    "take_snapshot",
    "tree_faults",
    "tree_id",
]
_HOME = {
    "blobs": "blob_id_of blob_ids read_blob",
    "candidates": "Candidate make_candidate make_revert",
    "changes": "Change Status hidden_files ignored_files status",
    "commits": "missing_objects parents_of",
    "following": "Stray bring_branch stray_commits",
    "in_the_way": "Blocker",
    "landing": (
        "checkouts_of create_target is_published move_target refresh_checkout rehearse "
        "release_checkouts"),
    "merges": (
        "Identity Merge ORCH PathChange changed_paths commit_tree heads_missing_from diff_text "
        "merge_heads merge_trees"),
    "names": (
        "attempt_branch display is_oid redact ref_fault require_branch require_oid require_ref "
        "salvage_ref"),
    "patches": "Applied apply_patches path_modes tree_faults",
    "process": "git_path git_version",
    "proofs": "Integration PROOFS find_integration",
    "refs": (
        "Commit Head checked_out_at count_commits delete_branch head is_ancestor list_commits "
        "list_files list_refs merge_base read_ref ref_in_the_way resolve swap_ref swap_refs "
        "tree_id"),
    "removing": "Removed remove_worktree",
    "repository": (
        "Repository find_repository is_registered linked_worktree locked_directory "
        "open_repository operation_in_progress"),
    "restoring": "restore_salvage",
    "salvage": (
        "SALVAGE Salvage Snapshot commit_all list_salvages save_salvage take_snapshot"),
    "slots": "open_slot remove_slot",
    "tamper": "Difference differences fingerprint",
    "traits": "Traits read_traits",
    "workbench": "Workbench open_workbench",
    "worktrees": (
        "Worktree add_detached add_worktree find_worktree list_worktrees main_checkout "
        "recover_worktree repair_worktrees"),
}
# fmt: on
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the module that `name` lives in."""
        if name not in _MODULE_OF:
            raise AttributeError(f"orch.git has no {name!r}")
        from importlib import import_module

        value = getattr(import_module("orch.git." + _MODULE_OF[name]), name)
        globals()[name] = value
        return value
