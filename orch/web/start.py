"""`orch web`: the page and the API of a store, in the foreground, for this machine alone.

Loads without starlette; without the extra it says how to have it.
"""

import socket

from inbox.cli.output import write_error
from schema.failures import invalid_input
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_ENDING_SECONDS = 1


def web(call: "Call", *, port: int, read_only: bool, open_page: bool) -> None:
    """Serve the page and the API until stopped. Raises: invalid_input/extra_missing, not_found."""
    path = call.db.path
    try:
        import sse_starlette  # noqa: F401 - asked for together
        import uvicorn

        from orch.web.server import WebServer
    except ImportError as error:
        raise invalid_input(
            f"the page needs the extra [web]: {error.name} is not installed",
            reason="extra_missing",
            hint="install it where orch is: pip install 'orch-inbox[web]'",
        ) from error
    from orch.cli import main

    server = WebServer(main.PROGRAM, path, read_only=read_only)
    place = _bound(port)
    address = f"http://127.0.0.1:{place.getsockname()[1]}/#{server.sessions.token}"
    call.resume = call.again("web")
    call.stream(obj(url=address, read_only=read_only) if call.as_json else address)
    if not call.as_json:
        write_error("open it in a browser of this machine; Ctrl-C ends it")
    if open_page:
        import webbrowser

        webbrowser.open(address)
    config = uvicorn.Config(
        server.application(), log_level="error", access_log=False, lifespan="off", ws="none",
        server_header=False, timeout_graceful_shutdown=_ENDING_SECONDS, proxy_headers=False,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[place])
    finally:
        server.bell.stop()
        place.close()


def _bound(port: int) -> socket.socket:
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind(("127.0.0.1", port))
        place.listen(128)  # Whoever has the address may come at once.
    except (OSError, OverflowError) as error:
        place.close()
        raise invalid_input(
            f"port {port} of 127.0.0.1 cannot be used: {error}", hint="--port 0 takes a free one"
        ) from error
    return place
