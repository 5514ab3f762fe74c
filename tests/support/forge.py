"""A forge on the loopback: GitHub's REST shapes over a real bare repository, a program of our own.

It keeps what a test set (checks, reviews, protection, trouble) and records every call in order.
Shapes follow the published description of the API, reduced to what a client may rely on.
"""

import json
import re
import subprocess
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghp_" + "t" * 36
_REPO = "/repos/acme/shop"


class ForgeServer:
    """One repository. `trouble` answers the next calls: (status, headers, body) each."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self.calls: list[str] = []
        self.answered: list[int] = []
        self.pulls: dict[int, dict] = {}
        self.checks: list[dict] = []  # name, conclusion ("" runs), commit, slug, id
        self.statuses: list[dict] = []
        self.reviews: list[dict] = []
        self.remarks: dict[int, list[dict]] = {}
        self.required: list[str] = []
        self.issues: dict[int, dict] = {}
        self.jobs: dict[int, dict] = {}
        self.logs: dict[int, str] = {}
        self.trouble: list[tuple[int, dict[str, str], dict]] = []
        self.mergeable: bool | None = True
        self.token = TOKEN
        forge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                status, headers, answer = forge.serve(self, body)
                forge.answered.append(status)
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = _serve

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End the server."""
        self.server.shutdown()
        self.server.server_close()

    def git(self, *words: str) -> str:
        """Run git in the bare repository."""
        run = ["git", "-c", "user.name=hub", "-c", "user.email=hub@localhost", *words]
        return subprocess.run(
            run, cwd=self.bare, check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()

    def check(self, name: str, conclusion: str, commit: str, *, job: int = 0) -> None:
        """Report a check run; "" while it runs. With a job's number it is one of Actions."""
        number = job or 1000 + len(self.checks)
        self.checks.append(
            {
                "id": number, "name": name, "head_sha": commit,
                "html_url": f"{self.url}/c/{number}",
                "status": "completed" if conclusion else "in_progress",
                "conclusion": conclusion or None,
                "app": {"slug": "github-actions" if job else "elsewhere"},
            }
        )  # fmt: skip

    def review(self, user: str, state: str, commit: str, body: str = "", **beside: str) -> None:
        """Say a reviewer's word on a commit; `beside`: words beside the first line of a file."""
        number = 500 + len(self.reviews)
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.reviews.append(
            {"id": number, "user": {"login": user}, "state": state, "body": body,
             "commit_id": commit, "submitted_at": at}
        )  # fmt: skip
        self.remarks[number] = [
            {"path": path, "line": 1, "original_line": 1, "body": words}
            for path, words in beside.items()
        ]

    def merge(self, number: int, method: str = "merge") -> str:
        """Merge as the forge does, and return the commit on the target."""
        pull = self.pulls[number]
        base, head = pull["base"]["ref"], self._head(pull)
        onto = self.git("rev-parse", f"refs/heads/{base}")
        tree = self.git("merge-tree", "--write-tree", onto, head).split("\n")[0]
        parents = ["-p", onto] if method == "squash" else ["-p", onto, "-p", head]
        commit = self.git("commit-tree", tree, *parents, "-m", f"Merge #{number}")
        self.git("update-ref", f"refs/heads/{base}", commit, onto)
        pull |= {"state": "closed", "merged": True, "merge_commit_sha": commit}
        return commit

    def close_pull(self, number: int, by: str) -> None:
        """Close a pull request without merging it."""
        self.pulls[number]["state"] = "closed"
        self.issues[number] = {"number": number, "closed_by": {"login": by}}

    def serve(self, request: BaseHTTPRequestHandler, body: dict | None) -> tuple:
        """Return (status, headers, answer) of a call, and note it."""
        parts = urlsplit(request.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(_REPO)
        self.calls.append(f"{request.command} {path}")
        if self.trouble:
            return self.trouble.pop(0)
        if request.headers.get("Authorization", "").split(" ")[-1] != self.token:
            return 401, {}, {"message": "Bad credentials"}
        for method, pattern, serve in _ROUTES:
            found = re.fullmatch(pattern, path)
            if method == request.command and found:
                answer = serve(self, *found.groups(), query=query, body=body)
                if isinstance(answer, tuple):
                    return answer
                etag = f'"{hash(json.dumps(answer, sort_keys=True))}"'
                if request.headers.get("If-None-Match") == etag:
                    return 304, {"ETag": etag}, {}
                return 200, {"ETag": etag}, answer
        return 404, {}, {"message": "Not Found"}

    def _head(self, pull: dict) -> str:
        return self.git("rev-parse", f"refs/heads/{pull['head']['ref']}")

    def _seen(self, pull: dict) -> dict:
        head = {**pull["head"], "sha": self._head(pull)}
        return {**pull, "head": head, "mergeable": self.mergeable}

    def list_pulls(self, *, query: dict, body: object) -> list[dict]:
        """GET /pulls"""
        branch = query["head"].partition(":")[2]
        return [self._seen(p) for p in self.pulls.values() if p["head"]["ref"] == branch]

    def create(self, *, query: dict, body: dict) -> tuple:
        """POST /pulls"""
        number = len(self.pulls) + 1
        self.pulls[number] = {
            "number": number, "html_url": f"{self.url}/acme/shop/pull/{number}", "state": "open",
            "merged": False, "merge_commit_sha": None, "title": body["title"],
            "body": body["body"], "head": {"ref": body["head"]}, "base": {"ref": body["base"]},
            "labels": [],
        }  # fmt: skip
        return 201, {}, self._seen(self.pulls[number])

    def get_pull(self, number: str, *, query: dict, body: object) -> dict:
        """GET /pulls/N"""
        return self._seen(self.pulls[int(number)])

    def edit(self, number: str, *, query: dict, body: dict) -> dict:
        """PATCH /pulls/N"""
        self.pulls[int(number)] |= body
        return self._seen(self.pulls[int(number)])

    def label(self, number: str, *, query: dict, body: dict) -> list[dict]:
        """POST /issues/N/labels"""
        self.pulls[int(number)]["labels"] = body["labels"]
        return [{"name": name} for name in body["labels"]]

    def put_merge(self, number: str, *, query: dict, body: dict) -> tuple | dict:
        """PUT /pulls/N/merge"""
        pull = self.pulls[int(number)]
        if body["sha"] != self._head(pull):
            return 409, {}, {"message": "Head branch was modified. Review and try the merge again."}
        commit = self.merge(int(number), body["merge_method"])
        return {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}

    def check_runs(self, commit: str, *, query: dict, body: object) -> dict:
        """GET /commits/C/check-runs"""
        own = [each for each in self.checks if each["head_sha"] == commit]
        first = (int(query["page"]) - 1) * int(query["per_page"])
        page = own[first : first + int(query["per_page"])]
        return {"total_count": len(own), "check_runs": page}

    def status(self, commit: str, *, query: dict, body: object) -> dict:
        """GET /commits/C/status"""
        return {"state": "success", "statuses": self.statuses if query["page"] == "1" else []}

    def rules(self, branch: str, *, query: dict, body: object) -> list[dict]:
        """GET /rules/branches/B"""
        named = [{"context": name} for name in self.required]
        rule = {"type": "required_status_checks", "parameters": {"required_status_checks": named}}
        return [rule] if self.required and query["page"] == "1" else []

    def branch(self, branch: str, *, query: dict, body: object) -> dict:
        """GET /branches/B"""
        return {"name": branch, "protected": bool(self.required), "protection": {"enabled": False}}

    def pull_reviews(self, number: str, *, query: dict, body: object) -> list[dict]:
        """GET /pulls/N/reviews"""
        return self.reviews if query["page"] == "1" else []

    def review_comments(self, _: str, review: str, *, query: dict, body: object) -> list[dict]:
        """GET /pulls/N/reviews/R/comments"""
        return self.remarks[int(review)] if query["page"] == "1" else []

    def issue(self, number: str, *, query: dict, body: object) -> tuple | dict:
        """GET /issues/N"""
        return self.issues.get(int(number)) or (404, {}, {"message": "Not Found"})

    def job(self, number: str, *, query: dict, body: object) -> dict:
        """GET /actions/jobs/J"""
        return self.jobs[int(number)]

    def job_log(self, number: str, *, query: dict, body: object) -> tuple:
        """GET /actions/jobs/J/logs: the forge redirects to where the text lies."""
        return 302, {"Location": f"{self.url}{_REPO}/log/{number}"}, ""

    def log_text(self, number: str, *, query: dict, body: object) -> tuple:
        """The text itself."""
        return 200, {"Content-Type": "text/plain"}, self.logs[int(number)]


_ROUTES = (
    ("GET", r"/pulls", ForgeServer.list_pulls),
    ("POST", r"/pulls", ForgeServer.create),
    ("GET", r"/pulls/(\d+)", ForgeServer.get_pull),
    ("PATCH", r"/pulls/(\d+)", ForgeServer.edit),
    ("PUT", r"/pulls/(\d+)/merge", ForgeServer.put_merge),
    ("GET", r"/pulls/(\d+)/reviews", ForgeServer.pull_reviews),
    ("GET", r"/pulls/(\d+)/reviews/(\d+)/comments", ForgeServer.review_comments),
    ("POST", r"/issues/(\d+)/labels", ForgeServer.label),
    ("GET", r"/issues/(\d+)", ForgeServer.issue),
    ("GET", r"/commits/([0-9a-f]+)/check-runs", ForgeServer.check_runs),
    ("GET", r"/commits/([0-9a-f]+)/status", ForgeServer.status),
    ("GET", r"/rules/branches/(.+)", ForgeServer.rules),
    ("GET", r"/branches/(.+)", ForgeServer.branch),
    ("GET", r"/actions/jobs/(\d+)", ForgeServer.job),
    ("GET", r"/actions/jobs/(\d+)/logs", ForgeServer.job_log),
    ("GET", r"/log/(\d+)", ForgeServer.log_text),
)
