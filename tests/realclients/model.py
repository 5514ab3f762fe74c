"""The scripted model: an HTTP server on loopback that answers each request with the next step.

Stateless in what matters: the step is found by counting the tool results in the request, so a
retried request gets the same answer. Requests without a shell tool (titles, routers, loop
checks) are answered with the smallest thing that fits.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.realclients import wire

_COMMIT_MESSAGE = "one-line Git commit message"  # What aider asks for besides.
_RUNNING = re.compile(r"session ID:? (\d+)")

_REFUSAL = {
    "type": "error",
    "error": {"type": "authentication_error", "code": 401, "message": "Invalid API key"},
}


class Script:
    """One turn: shell commands one after another, then a text that ends it.

    A command may be (tool, arguments) too: a tool of ours that the client offers.
    """

    def __init__(self, commands: "list[str | tuple[str, dict]]", text: str) -> None:
        self.commands = commands
        self.text = text
        self.before = -1  # Tool results of earlier turns: more than none if a session is resumed.
        self.polls = 0
        self.replies: dict[int, tuple[str, wire.Call | None]] = {}
        self.results: list[str] = []
        self.requests: list[str] = []

    def next(self, asked: wire.Asked) -> tuple[str, wire.Call | None]:
        """Return (text, call) for a request of the main conversation."""
        number = len(asked.results)
        self.requests.append(asked.text)
        if self.before < 0:
            self.before = number
        self.results = asked.results[self.before :]
        if number not in self.replies:
            self.replies[number] = self._new(asked, number)
        return self.replies[number]

    def _new(self, asked: wire.Asked, number: int) -> tuple[str, wire.Call | None]:
        running = _RUNNING.search(self.results[-1]) if self.results and asked.polls else None
        if running and "exited with code" not in self.results[-1]:
            self.polls += 1
            return "", asked.poll(int(running[1]))
        step = number - self.before - self.polls
        if step < len(self.commands):
            command = self.commands[step]
            return "", asked.run(command) if isinstance(command, str) else asked.use(*command)
        return self.text, None


class Model:
    """The running server; `play()` sets the script of the next turn."""

    def __init__(self, *, toolless: bool = False) -> None:
        self.script = Script([], "nothing to do")
        self.toolless = toolless
        self.refuses = False  # As an API that does not know the key.
        self.unknown: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def play(self, commands: "list[str | tuple[str, dict]]", text: str = "That is all.") -> Script:
        with self._lock:
            self.script = Script(commands, text)
            return self.script

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: dict) -> tuple[int, str, bytes]:
        """Return (status, content type, body) of a POST."""
        api = wire.api_of(path)
        if not api:
            if "count" in path:
                return 200, "application/json", b'{"input_tokens": 10, "totalTokens": 10}'
            self.unknown.append(path)
            return 404, "application/json", b'{"error": {"message": "not scripted"}}'
        if self.refuses:
            return 401, "application/json", json.dumps(_REFUSAL).encode()
        asked = wire.Asked(api, body)
        main = asked.shell or (self.toolless and _COMMIT_MESSAGE not in asked.text)
        with self._lock:
            text, call = self.script.next(asked) if main else (_aside(body), None)
        kind, data = wire.reply(asked, path, text, call)
        return 200, kind, data

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    body = json.loads(data or b"{}")
                except ValueError:
                    body = {}
                self._send(*model.answer(self.path, body if isinstance(body, dict) else {}))

            def do_GET(self) -> None:
                listed = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
                known = self.path.partition("?")[0].endswith("/models")
                self._send(200 if known else 404, "application/json", json.dumps(listed).encode())

            def do_CONNECT(self) -> None:
                model.unknown.append(self.path)
                self._send(403, "text/plain", b"nothing leaves this machine")

            def _send(self, status: int, kind: str, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _aside(body: dict) -> str:
    """Return what a side request may want: JSON where it names a schema, else a word."""
    config = body.get("generationConfig") or {}
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema is None:
        shape = (body.get("output_config") or {}).get("format") or body.get("response_format") or {}
        schema = shape.get("schema") or (shape.get("json_schema") or {}).get("schema")
    return json.dumps(wire.minimal(schema)) if schema else "ok"
