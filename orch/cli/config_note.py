"""Note that the orch.toml in the checkout is not the one in force, for who looks at a run."""

from orch import config_in_force

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Run


def look(call: "Call", run: "Run") -> None:
    """Note that another file counts, and let the answer end with the command that accepts it."""
    found = config_in_force.difference(call.db, run)
    if found:
        call.note(found)
        call.facts.setdefault("differs", []).append(run.run_id)
