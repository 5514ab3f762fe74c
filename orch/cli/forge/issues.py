"""request import: an issue of the forge becomes a request, once."""

from orch import config_in_force
from orch.cli.requests import requests
from orch.config import load
from orch.forge import github
from orch.git import remotes, repository
from orch.operations import requests as operations
from orch.operations import runs
from orch.store import requests as store
from schema.failures import Failure, not_found
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.forge.model import Issue


def import_issue(
    call: "Call", *, issue: int, run: str | None, repo_path: str | None, key: str | None
) -> None:
    """Store an issue's words as a request of its author's; the same issue again is that request."""
    request_id = f"issue-{issue}"
    with call.db.read() as tx:
        known = store.find(tx, request_id)
    found = None if known is not None else _ask(call, issue, run, repo_path)
    with call.db.write() as tx:

        def _change() -> Json:
            if found is not None and store.find(tx, request_id) is None:
                call.committed = operations.new(tx, _values(found, request_id, run))
            return requests.answer_of(tx, operations.require(tx, request_id), call.committed)

        answer = call.once(tx, "leader", _change)
    call.say(answer, call.committed)


def _values(found: "Issue", request_id: str, run: str | None) -> dict[str, object]:
    words = [found.body.strip() or found.title, found.url]
    return {
        "request_id": request_id,
        "title": " ".join(found.title.split())[:200],
        "body": "\n\n".join(word for word in words if word),
        "requester": found.author or "forge",
        "priority": operations.priority_of("normal"),
        "run_id": run,
    }


def _ask(call: "Call", number: int, run: str | None, repo_path: str | None) -> "Issue":
    """Fetch an issue. Raises: not_found/request, git_error, invalid_input."""
    path = repo_path or "."
    if run is not None:
        with call.db.read() as tx:
            opened = runs.require_open(tx, run)
        repo = repository.open_repository(repo_path or opened.repo_path or ".")
        rules = config_in_force.of_run(call.db, opened, repo).forge
    else:
        repo = repository.open_repository(path)
        rules = load.load(path).forge
    if not rules.kind:
        raise Failure(
            "invalid_state",
            "unsupported",
            "orch.toml names no forge",
            hint='add to orch.toml and commit it: [forge] kind = "github"',
        )
    try:
        return github.connect(rules, remotes.url(repo, rules.remote)).issue(number)
    except Failure as failure:
        if failure.details.get("status") in (404, 410):
            raise not_found(
                "request", f"issue {number}", hint="it is not there, or not yours to read"
            )
        raise
