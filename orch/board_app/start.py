"""Start of `orch top`: on a terminal with keys, anywhere else printed once.

The one module of this room that loads without textual.
"""

from orch.cli.board import screen
from orch.cli.board import top as printed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call


def top(
    call: "Call", *, run: str | None, once: bool, for_seconds: float | None, limit: int,
    no_mouse: bool,
) -> None:  # fmt: skip
    """Show the board once; on a terminal, stay there until somebody quits. Raises: not_found."""
    if once or call.as_json or not screen.is_terminal():
        printed.top(call, run=run, limit=limit)
        return
    from orch.operations import runs

    if run is not None:
        with call.db.read() as tx:
            runs.require(tx, run)
    call.resume = call.again("top" + (f" --run {run}" if run else ""))
    from orch.board_app.feed import Feed

    feed = Feed(call.db.path, run)
    feed.start()  # It reads while textual loads.
    from orch.board_app.app import BoardApp

    app = BoardApp(feed, call.db.path, for_seconds)
    app.run(mouse=not no_mouse)
    feed.stop()
    if app.failure is not None:
        raise app.failure
