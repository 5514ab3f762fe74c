"""Plain views of the commands about driving."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _said(answer: "Answer") -> str:
    run = plain.at(answer, "run.run_id")
    drive = answer["drive"]
    given = dict(drive["settings"])
    retry = {f"retry.{name}": value for name, value in given.pop("retry", {}).items()}
    found = ", ".join(f"{n}={_word(v)}" for n, v in sorted((given | retry).items()))
    how = "is paused: nothing new begins" if drive["paused"] else "goes on"
    return f"run {run} {how}\nset for this run: {found or 'nothing'}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


_ENDS = {
    "landed": "all that was to be done is done",
    "needs_people": "nothing goes on without you",
    "idle": "nothing can be done now",
    "empty": "nothing could be done",
    "timeout": "its time is used up",
    "stopped": "stopped; the same command goes on",
    "once": "one pass",
}
_RUN_ENDS = {
    "open": "goes on",
    "land": "has work that is on no target yet",
    "integrate": "has landed on {target}, which is not in your branch yet",
    "finished": "is finished",
}


def _driven(answer: "Answer") -> str:
    found = answer
    if "look" in found:
        return "\n".join(line for one in found["looks"] for line in _looked(found["look"], one))
    names = ", ".join(found["run_ids"])
    if found["end"] == "background":
        return f"driver of {names} in the background: pid {found['pid']}, log {found['log_path']}"
    passes = many(found["passes"], "pass", "passes")
    lines = [f"{_ENDS[found['end']]}: {many(found['did'], 'step')} in {passes}"]
    for one in found["run_ends"]:
        target = one["target"] or "its target"
        end = "is closed" if one["closed"] else _RUN_ENDS[one["end"]].format(target=target)
        lines.append(f"run {one['run_id']} {end}")
    lines += [_need(need) for need in found["needs"]]
    if found["end"] != "landed":
        waiting = [w for w in found["why"] if w["task_id"] not in _named(found)]
        lines += [f"  {w['run_id']}/{w['task_id']} {plain.line(w['why'], 200)}" for w in waiting]
    return "\n".join(lines)


def _named(found: "dict[str, Any]") -> "set[str | None]":
    return {need["task_id"] for need in found["needs"]}


def _need(need: "dict[str, Any]") -> str:
    name = f"{need['run_id']}/{need['task_id']}" if need["task_id"] else need["run_id"]
    return f"! {name} {need['kind']}: {plain.line(need['text'], 200)}"


def _looked(look: str, one: "dict[str, Any]") -> "list[str]":
    if look == "replay":
        same = many(one["same"], "pass", "passes")
        text = f"run {one['run_id']}: {same} decided again, all the same"
        other = one["other_planner"]
        return [text + (f"; {other} are of another planner" if other else "")]
    if look == "audit":
        return [line for each in one["passes"] for line in _looked("explain", each)]
    head = f"pass {one['pass_no']} at {one['at']}" if one["pass_no"] else "the next pass"
    lines = [f"run {one['run_id']}, {head}: {many(len(one['steps']), 'step')}"]
    lines += [f"- {step}" for step in one["steps"]]
    lines += [f"  {why['task_id']}: {plain.line(why['why'], 200)}" for why in one["why"]]
    return lines + [_need(need) for need in one["needs"]]


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "drive": _driven,
    "run set": _said,
    "run pause": _said,
    "run resume": _said,
}
