"""Request of a dispatch, by a person, a file or the driver."""

from schema.json_text import Json
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.operations.retries import Automatic
    from orch.submissions.apply import Delivery


class DispatchRequest(Value):
    """What was asked for; None where the task, the run or the attempt before decides.

    `delivery` is work that is there already, to be made the attempt's first commit. `automatic`:
    nobody typed it, so that the numbers of retries count (orch/operations/retries.py).
    """

    run_id: str
    task_id: str
    event: str = "dispatch"
    mode: str | None = None
    to: str | None = None
    machine: str | None = None
    label: str | None = None
    body: str | None = None
    note: str | None = None
    payload: Json | None = None
    base_ref: str | None = None
    repo_path: str | None = None
    workspace_root: str | None = None
    reason: str = ""
    force: bool = False
    delivery: "Delivery | None" = None
    automatic: "Automatic | None" = None
