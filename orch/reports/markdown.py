"""The report of a run as Markdown.

Pure. Guarantees: every number comes from the account; every word of a peer passes
`orch.reports.escape`, so that it can forge no heading, link, table, fence or HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orch.reports import figures, landing_story, style
from orch.reports.escape import code_span, inline, quoted
from orch.reports.graph_svg import Graph, mermaid
from orch.reports.timeline_svg import Timeline, gantt
from schema.words import many

Document = Mapping[str, Any]
_MOST_IN_PICTURE = 80  # Lanes and boxes: more is no picture any more.
_ENDS = {"open": "", "land": ", to be landed", "integrate": ", to be integrated",
         "finished": ", finished"}  # fmt: skip
_LAST_LINES = 20
MOST = 4000  # Characters of a peer's text; the store has all of it.


def render(document: Document, graph: Graph, timeline: Timeline) -> str:
    """Return the report; the pictures are mermaid, as code forges draw it."""
    run = document["run"]
    lines = [f"# Report of run {code_span(run['run_id'])}", ""]
    lines += [*quoted(run["goal"]), "", "  \n".join(facts(document)), ""]
    lines += list(_left(document["left"]))
    for review in document["reviews"]:
        lines += ["## Review", "", *_review(review)]
    if timeline.lanes and len(timeline.lanes) <= _MOST_IN_PICTURE:
        lines += ["## Timeline", "", "```mermaid", gantt(timeline).rstrip(), "```", ""]
    if graph.edges and len(graph.nodes) <= _MOST_IN_PICTURE:
        lines += ["## Dependencies", "", "```mermaid", mermaid(graph).rstrip(), "```", ""]
    lines += [f"## Tasks ({len(document['tasks'])})", "", *_table(document["tasks"]), ""]
    for task in document["tasks"]:
        lines += list(_task(task))
    lines += ["## Totals", "", *_totals(document)]
    return "\n".join(lines).rstrip() + "\n"


def facts(document: Document) -> list[str]:
    """Return the run in a few lines of plain words; nothing of it comes from peers."""
    run, totals = document["run"], document["totals"]
    counts = run["counts"]
    found = [
        f"{counts['done']} of {counts['total']} tasks done; the run is {run['status']}"
        + _ENDS[run.get("end", "open")]
        + (", closed" if run["closed_at"] else ""),
        f"{many(totals['attempts'], 'attempt')}, "
        f"{many(totals['retries'], 'retry', 'retries')}, "
        f"{many(totals['questions'], 'question')}, "
        f"{figures.duration(document['seconds'] * 1000)} from first dispatch to last end",
    ]
    used = usage(totals)
    return [*found, used] if used else found


def last_lines(output: str) -> str:
    """Return the end of what a check printed."""
    return "\n".join(output.rstrip("\n").split("\n")[-_LAST_LINES:])


def usage(of: Document) -> str:
    """Return turns, tokens and cost in words; "" where nothing was recorded."""
    words = [many(of["turns"], "turn")] if of["turns"] else []
    if of["input_tokens"] is not None or of["output_tokens"] is not None:
        words.append(f"{of['input_tokens'] or 0} tokens in, {of['output_tokens'] or 0} out")
    if of["cost_usd"] is not None:
        words.append(figures.money(round(of["cost_usd"] * 1e6)))
    return ", ".join(words)


def spent(seconds: Document) -> str:
    """Return how long each phase of an attempt took, in words."""
    named = {"queued": "queued", "working": "at work", "asking": "waiting for an answer",
             "verifying": "verifying"}  # fmt: skip
    return ", ".join(
        f"{words} {figures.duration(seconds[name] * 1000)}"
        for name, words in named.items()
        if seconds[name]
    )


def where(attempt: Document) -> str:
    """Return what became of an attempt's commits, in words."""
    if not attempt["commits"]:
        return ""
    words = f"{many(len(attempt['commits']), 'commit')}, "
    words += f"{many(attempt['files_changed'], 'file')} changed"
    if attempt["integrated"]:
        words += f", in {attempt['target']} ({attempt['integrated'].replace('_', ' ')})"
    return words


def _left(left: Sequence[Document]) -> Iterator[str]:
    yield from ("## What is left to do", "")
    if not left:
        yield from ("Nothing.", "")
        return
    for need in left:
        name = code_span(need["task_id"] or need["run_id"])
        yield f"- **{need['kind'].replace('_', ' ')}** {name}: {inline(need['text'])}"
        yield from ("", "  ```sh", f"  {need['command']}", "  ```", "")


def _table(tasks: Sequence[Document]) -> Iterator[str]:
    yield "| task | title | status | tries | who | at work | checks | commits | cost |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for task in tasks:
        last = task["attempts"][-1] if task["attempts"] else None
        sign = style.STATUSES[task["status"]][0]
        cells = [code_span(task["task_id"]), inline(task["title"]), f"{sign} {task['status']}"]
        cells.append(str(len(task["attempts"])))
        if last is None:
            cells += ["", "", "", "", ""]
        else:
            work = sum(one["seconds"]["working"] for one in task["attempts"])
            costs = [one["cost_usd"] for one in task["attempts"] if one["cost_usd"] is not None]
            cells += [
                inline(last["who"]),
                figures.duration(work * 1000),
                task["gate"] or "",
                str(len(last["commits"])) if last["commits"] else "",
                figures.money(round(sum(costs) * 1e6)) if costs else "",
            ]
        yield f"| {' | '.join(cells)} |"


def _task(task: Document) -> Iterator[str]:
    if not task["attempts"]:
        return
    title = "" if task["title"] == task["task_id"] else f" {inline(task['title'])}"
    yield from (f"### {code_span(task['task_id'])}{title}", "")
    if task["depends_on"]:
        yield from (f"After {', '.join(map(code_span, task['depends_on']))}.", "")
    if task["landing"] and not task["entries"]:
        yield from (f"Landing: {inline(task['landing']['state'])}.", "")
    for entry in task["entries"]:
        yield from _band(entry)
    for attempt in task["attempts"]:
        yield from _attempt(attempt)
    for review in task["reviews"]:
        yield from _review(review)


def _band(entry: Document) -> Iterator[str]:
    """How an entry came to its target, or where it stopped, step by step."""
    told, outputs = [], []
    for step in landing_story.band(dict(entry)):
        note = f": {inline(figures.short(step.note, MOST))}" if step.note else ""
        at = f" {landing_story.moment(step.at)}" if step.at else ""
        told.append(f"{inline(step.words)}{note}{at}")
        outputs.append(step.output)
    yield from (f"**Landing** {code_span(entry['entry_id'])}: " + " → ".join(told), "")
    for output in filter(None, outputs):
        yield from (*quoted(output), "")


def _attempt(attempt: Document) -> Iterator[str]:
    sign = style.STATUSES[attempt["status"]][0]
    head = f"**Attempt {attempt['attempt_no']}**, {inline(attempt['who'])}: "
    words = [f"{sign} {attempt['status']}", spent(attempt["seconds"]), where(attempt),
             usage(attempt)]  # fmt: skip
    yield from (head + "; ".join(word for word in words if word), "")
    if attempt["result"]:
        yield from (*quoted(figures.short(attempt["result"], MOST)), "")
    for asked in attempt["questions"]:
        yield f"- asked: {inline(figures.short(asked['question'], MOST))}"
        answer = (
            inline(figures.short(asked["answer"], MOST))
            if asked["answer"] is not None
            else "(not answered)"
        )
        yield f"- answered: {answer}"
    for check in attempt["checks"]:
        took = f", {figures.duration(check['seconds'] * 1000)}" if check["seconds"] else ""
        summary = f": {inline(check['summary'])}" if check["summary"] else ""
        result = f"{check['status']}{summary} ({check['source']}{took})"
        yield f"- check {code_span(check['check'])} {result}"
        if check["output_tail"]:
            yield from ("", *(f"  {text}" for text in quoted(last_lines(check["output_tail"]))), "")
    for commit in attempt["commits"]:
        lines = f"(+{commit['added']} -{commit['removed']})"
        yield f"- {code_span(commit['commit'][:12])} {inline(commit['subject'])} {lines}"
    if attempt["files"]:
        files = ", ".join(map(code_span, attempt["files"][:20]))
        more = attempt["files_changed"] - 20
        yield f"- files: {files}{f' and {more} more' if more > 0 else ''}"
    if attempt["uncommitted_files"]:
        yield f"- **{many(attempt['uncommitted_files'], 'uncommitted file')}**"
    if attempt["paths_not_owned"]:
        paths = ", ".join(map(code_span, attempt["paths_not_owned"][:20]))
        yield f"- **paths it does not own:** {paths}"
    yield ""


def review_words(review: Document) -> str:
    """Return a council's verdict in words; nothing of it comes from reviewers."""
    tally = review["tally"]
    of = f" of attempt {review['attempt_no']}" if review["attempt_no"] else ""
    if tally is None:
        return f"{review['mode']}{of}, not tallied yet"
    counts = ", ".join(f"{count} {level}" for level, count in tally["summary"].items())
    return f"{review['mode']}{of}: verdict {tally['verdict']} ({tally['status']}; {counts})"


def _review(review: Document) -> Iterator[str]:
    yield f"**Review** {code_span(review['run_id'])}, {review_words(review)}"
    yield ""
    for group in review["groups"]:
        severity = f", {group['severity']}" if group["severity"] else ""
        yield f"- {group['level']}{severity}: {inline(group['title'])}"
    yield from ("", f"  `orch council report --run {review['run_id']}`", "")


def _totals(document: Document) -> Iterator[str]:
    yield "| | tasks | done | attempts | retries | success | questions | tokens | cost |"
    yield "|---|---|---|---|---|---|---|---|---|"
    rows = [("all", document["totals"])]
    rows += [(one["name"], one) for one in document["by_agent"]]
    for name, one in rows:
        rate = "" if one["success_rate"] is None else f"{one['success_rate']:.0%}"
        tokens = (one["input_tokens"] or 0) + (one["output_tokens"] or 0)
        cost = "" if one["cost_usd"] is None else figures.money(round(one["cost_usd"] * 1e6))
        cells = [inline(str(name)), one["tasks"], one["tasks_done"], one["attempts"],
                 one["retries"], rate, one["questions"], tokens or "", cost]  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    lengths = document["totals"]["seconds"]
    yield "| | count | median | 90 % | longest |"
    yield "|---|---|---|---|---|"
    for name, one in lengths.items():
        if one["count"]:
            yield (
                f"| {name} | {one['count']} | {_s(one['p50'])} | {_s(one['p90'])} "
                f"| {_s(one['max'])} |"
            )


def _s(seconds: float | None) -> str:
    return figures.duration(None if seconds is None else seconds * 1000)
