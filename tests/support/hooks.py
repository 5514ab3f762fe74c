"""A loopback HTTP server that takes notices, and says what it was sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.cli import until


class Hook:
    """A server at `url`; `got` are (path, headers, body) of each request, `answers` its status."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.path, dict(self.headers), body))
                self.send_response(hook.status)
                self.send_header("Location", hook.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/in?key=hush-hush-hush"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> "Hook":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def documents(self) -> list[dict]:
        """The JSON of every request."""
        return [json.loads(body) for _, _, body in self.got]

    def wait(self, count: int) -> list[dict]:
        """Return the documents once so many requests have come."""
        until(lambda: len(self.got) >= count, f"{count} requests, of {self.got}")
        return self.documents
