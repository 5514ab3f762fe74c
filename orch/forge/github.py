"""GitHub's REST API by githubkit (extra `orch-inbox[github]`, imported when it is used).

Guarantees: every call is bounded in time; rate limits and failures of the server are waited for
some seconds, then told with the moment from which it may be asked again; they are errors, never
verdicts on anybody's work.
"""

import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from orch.forge import place
from orch.forge.model import Draft, ForgeCheck, ForgeReview, Issue, PullRequest
from orch.forge.rules import ForgeRules
from schema.failures import Failure, invalid_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from githubkit import GitHub
    from githubkit.exception import GitHubException
    from githubkit.typing import RetryOption

_SECONDS = 20.0
_TRIES = 3  # Within one command; the queue's own backoff goes on from there.
_LONGEST_WAIT = timedelta(seconds=8)
_PAGE = 100
_MOST_PAGES = 50
LOG_LINES = 100


def connect(rules: ForgeRules, remote_url: str) -> "Forge":
    """Return the forge of a remote. Raises: invalid_input, git_error."""
    try:
        import githubkit
    except ImportError:
        raise invalid_input(
            "githubkit is not installed",
            reason="extra_missing",
            hint="pip install 'orch-inbox[github]'",
        )
    where = place.find(rules, remote_url)
    auth: Any
    if rules.app_id:
        auth = githubkit.AppInstallationAuthStrategy(
            rules.app_id, place.app_key(rules.app_key_file), rules.app_installation
        )
    else:
        auth = githubkit.TokenAuthStrategy(place.token(rules))
    client = githubkit.GitHub(
        auth, base_url=where.api, timeout=_SECONDS, http_cache=False, auto_retry=_again,
        user_agent="orch-inbox", rest_api_validate_body=False,
    )  # fmt: skip
    return Forge(client, where.owner, where.name)


def _again(error: "GitHubException", tries: int) -> "RetryOption":
    """Say whether a request is sent again within this command."""
    from githubkit.exception import RateLimitExceeded, RequestError, RequestFailed, RequestTimeout
    from githubkit.typing import RetryOption

    wait = timedelta(seconds=2**tries)
    if isinstance(error, RateLimitExceeded):
        wait = error.retry_after
    elif isinstance(error, RequestFailed):
        if error.response.status_code < 500:
            return RetryOption(False)
    elif not isinstance(error, RequestTimeout | RequestError):
        return RetryOption(False)
    return RetryOption(tries < _TRIES and wait <= _LONGEST_WAIT, wait)


class Forge:
    """One repository on GitHub. Raises everywhere: git_error (failed, timeout)."""

    def __init__(self, client: "GitHub[Any]", owner: str, name: str) -> None:
        self._client = client
        self._owner = owner
        self._base = f"/repos/{owner}/{name}"
        self.etags: dict[str, str] = {}  # Of all that was read, by what was asked for.

    def find(self, branch: str, base: str) -> PullRequest | None:
        """Return the newest pull request of a branch, open ones first."""
        head = f"{self._owner}:{branch}"
        found = self._get("/pulls", head=head, base=base, state="all", per_page=_PAGE)
        ours = sorted(found, key=lambda one: (one["state"] != "open", -one["number"]))
        return self.look(ours[0]["number"]) if ours else None

    def open(self, draft: Draft) -> PullRequest:
        """Open a pull request, or bring the open one of its branch up to date."""
        known = self.find(draft.branch, draft.base)
        if known is not None and known.state == "open":
            return self.update(known.number, draft)
        words = {"title": draft.title, "body": draft.body, "base": draft.base}
        made = self._send("POST", "/pulls", {**words, "head": draft.branch})
        self._label(made["number"], draft.labels)
        return _pull_request(made)

    def update(self, number: int, draft: Draft) -> PullRequest:
        """Change what a pull request says."""
        words = {"title": draft.title, "body": draft.body}
        made = self._send("PATCH", f"/pulls/{number}", words)
        self._label(number, draft.labels)
        return _pull_request(made)

    def look(self, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        return _pull_request(self._get(f"/pulls/{number}"))

    def is_unchanged(self, etags: dict[str, str]) -> bool:
        """Say whether all that was read before is as it was: a look that costs no rate limit."""
        for path, etag in etags.items():
            if self._ask("GET", path, headers={"If-None-Match": etag}).status_code != 304:
                return False
        return bool(etags)

    def closer(self, number: int) -> str:
        """Return who closed a pull request, "" where that is not told."""
        return str((self._get(f"/issues/{number}").get("closed_by") or {}).get("login", ""))

    def checks(self, commit: str) -> list[ForgeCheck]:
        """Return the newest check runs and commit statuses of a commit, all pages, by name."""
        found: dict[str, ForgeCheck] = {}
        for status in self._pages(f"/commits/{commit}/status", "statuses"):
            state = "" if status["state"] == "pending" else status["state"]
            found[status["context"]] = ForgeCheck(
                status["context"], state, status.get("target_url") or ""
            )
        runs = self._pages(f"/commits/{commit}/check-runs", "check_runs", filter="all")
        for run in sorted(runs, key=lambda run: run["id"]):
            done = run["conclusion"] if run["status"] == "completed" else ""
            job = run["id"] if (run.get("app") or {}).get("slug") == "github-actions" else 0
            one = ForgeCheck(run["name"], done or "", run.get("html_url") or "", job)
            earlier = found.get(one.name)
            one.is_flaky = earlier is not None and (earlier.is_flaky or earlier.state == "failed")
            found[one.name] = one
        return [found[name] for name in sorted(found)]

    def required(self, branch: str) -> list[str] | None:
        """Return which checks a branch requires; None where that cannot be read."""
        try:
            rules = list(self._pages(f"/rules/branches/{branch}", ""))
            names = [
                check["context"]
                for rule in rules
                if rule["type"] == "required_status_checks"
                for check in rule["parameters"]["required_status_checks"]
            ]
            classic = self._get(f"/branches/{branch}").get("protection") or {}
        except Failure as failure:
            if failure.details.get("status") in (403, 404):
                return None
            raise
        names += (classic.get("required_status_checks") or {}).get("contexts", [])
        return sorted(set(names))

    def reviews(self, number: int) -> list[ForgeReview]:
        """Return the newest word of each reviewer."""
        newest: dict[str, ForgeReview] = {}
        for one in self._pages(f"/pulls/{number}/reviews", ""):
            user, state = (one.get("user") or {}).get("login", ""), one["state"].lower()
            if state != "commented" or user not in newest:
                newest[user] = ForgeReview(
                    user, state, one["id"], one.get("commit_id") or "",
                    one.get("submitted_at") or "", one.get("body") or "",
                )  # fmt: skip
        return list(newest.values())

    def remarks(self, number: int, review: ForgeReview) -> str:
        """Return a review's words, then those it put beside lines."""
        parts = [review.words.strip()]
        for one in self._pages(f"/pulls/{number}/reviews/{review.number}/comments", ""):
            line = one.get("line") or one.get("original_line")
            parts.append(f"{one['path']}{f':{line}' if line else ''}: {one['body'].strip()}")
        return "\n".join(part for part in parts if part)

    def failed_log(self, check: ForgeCheck) -> str:
        """Return the last lines of each failed step of a check, "" where it has no log here."""
        if not check.job:
            return ""
        job = self._get(f"/actions/jobs/{check.job}")
        text = self._ask("GET", f"/actions/jobs/{check.job}/logs").text
        steps = [step for step in job.get("steps") or [] if step.get("conclusion") == "failure"]
        lines = text.splitlines()
        parts = []
        for step in steps:
            own = _within(lines, step.get("started_at"), step.get("completed_at")) or lines
            parts.append("\n".join([f"--- {step['name']}", *own[-LOG_LINES:]]))
        return "\n".join(parts or lines[-LOG_LINES:])

    def merge(self, number: int, head: str, method: str, title: str) -> str:
        """Merge a pull request if its head is still `head`; return the commit."""
        words = {"sha": head, "merge_method": method, "commit_title": title}
        return str(self._send("PUT", f"/pulls/{number}/merge", words)["sha"])

    def issue(self, number: int) -> Issue:
        """Return an issue's words."""
        one = self._get(f"/issues/{number}")
        return Issue(
            one["number"], one["title"], one.get("body") or "",
            (one.get("user") or {}).get("login", ""), one.get("html_url") or "",
            [label["name"] for label in one.get("labels", []) if isinstance(label, dict)],
        )  # fmt: skip

    def _label(self, number: int, labels: list[str]) -> None:
        if labels:
            self._send("POST", f"/issues/{number}/labels", {"labels": labels})

    def _get(self, path: str, **params: "Any") -> "Any":
        asked = f"{path}?{urlencode(params)}" if params else path
        answer = self._ask("GET", asked)
        if answer.headers.get("ETag"):
            self.etags[asked] = answer.headers["ETag"]
        return answer.json()

    def _send(self, method: str, path: str, body: "dict[str, Any]") -> "Any":
        return self._ask(method, path, json=body).json()

    def _pages(self, path: str, key: str, **params: "Any") -> "Iterator[dict[str, Any]]":
        for page in range(1, _MOST_PAGES + 1):
            answer = self._get(path, per_page=_PAGE, page=page, **params)
            found = answer[key] if key else answer
            yield from found
            if len(found) < _PAGE:
                return

    def _ask(self, method: str, path: str, **more: "Any") -> "Any":
        from githubkit.exception import GitHubException

        try:
            return self._client.request(method, self._base + path, **more).raw_response
        except GitHubException as error:
            raise _failure(f"{method} {self._base}{path}", error) from None


def _failure(what: str, error: "GitHubException") -> Failure:
    """Return a library's exception as ours; its texts hold no token, as requests are not shown."""
    from githubkit.exception import RateLimitExceeded, RequestFailed, RequestTimeout

    if isinstance(error, RateLimitExceeded):
        seconds = int(error.retry_after.total_seconds()) + 1
        return Failure(
            "git_error", "failed", f"the forge's rate limit is used up for {seconds} s ({what})",
            details={"retry_after_s": seconds, "status": error.response.status_code},
        )  # fmt: skip
    if isinstance(error, RequestFailed):
        status = error.response.status_code
        said = _said(error.response.raw_response.text)
        if status == 401:
            return place.login(f"the token is not accepted (401): {said}")
        return Failure(
            "git_error", "failed", f"the forge answered {status} to {what}: {said}",
            details={"status": status},
        )  # fmt: skip
    reason = "timeout" if isinstance(error, RequestTimeout) else "failed"
    return Failure(
        "git_error", reason, f"the forge cannot be asked ({what}): {type(error).__name__}"
    )


def _said(text: str) -> str:
    matched = re.search(r'"message"\s*:\s*"((?:[^"\\]|\\.){0,300})', text)
    return matched[1] if matched else text[:200]


def _pull_request(one: "dict[str, Any]") -> PullRequest:
    merged = bool(one.get("merged") or one.get("merged_at"))
    found = PullRequest(
        one["number"], one.get("html_url") or "", "merged" if merged else one["state"],
        one["head"]["sha"], one["base"]["ref"],
    )  # fmt: skip
    found.title = one.get("title") or ""
    found.is_mergeable = one.get("mergeable")
    found.merge_commit = one.get("merge_commit_sha") or "" if merged else ""
    return found


def _within(lines: list[str], start: str | None, end: str | None) -> list[str]:
    """Return the lines of a log that were written between two moments of its job."""
    if not start or not end:
        return []
    first, last = (datetime.fromisoformat(each.replace("Z", "+00:00")) for each in (start, end))
    found = []
    for line in lines:
        stamp = line.partition(" ")[0]
        try:
            at = datetime.fromisoformat(stamp[:19] + "+00:00")
        except ValueError:
            continue
        if first.replace(microsecond=0) <= at <= last:
            found.append(line)
    return found
