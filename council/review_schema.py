"""JSON Schema of a review, as a reviewer is asked for it, and an example of it.

review.schema.json beside this file is `Review` as pydantic describes it, written down so that
starting a council loads no pydantic; tests/unit/council/test_review_schema.py compares the two.
"""

import json
import os
from typing import Any

from council.vocabulary import ACTIONS, CATEGORIES, EXAMPLE_TITLE, ROLE_SUFFIX, ROLES, Mode, Role

_BASE = os.path.join(os.path.dirname(__file__), "review.schema.json")


def review_schema(mode: Mode, role: Role | None = None) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that a reviewer's result is validated against.

    Guarantees: objects forbid unknown fields (`target_refs` alone is free); a document that
    satisfies it and keeps the protocol's rules for JSON parses as Review, nothing of it left out
    but the example's own finding, which `done --validate` refuses. With `role`, only that
    reviewer's result satisfies it.
    """
    with open(_BASE, encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    finding = schema["$defs"]["Finding"]["properties"]
    finding["action"]["anyOf"][0]["enum"] = list(ACTIONS[mode])
    finding["category"]["description"] = "any word; best one of " + ", ".join(CATEGORIES[mode])
    finding["confidence"]["anyOf"].remove({"type": "null"})
    finding["title"] |= {"pattern": r"\S", "placeholder": EXAMPLE_TITLE}
    roles = [role] if role else list(ROLES)
    schema["properties"]["reviewer_role"] = {
        "enum": [name for each in roles for name in (each, each.removesuffix(ROLE_SUFFIX))],
        "type": "string",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"orch-council-review-{mode}",
        "readFromText": "findings",  # `done --validate` reads as leniently as the tally does.
        **schema,
    }


def example_review(mode: Mode, role: Role) -> dict[str, Any]:
    """Return a document of the form of `review_schema(mode, role)`, for the reviewer's brief.

    Its finding is a placeholder that nobody takes for a finding: `done --validate` refuses it, and
    a tally drops it.
    """
    finding: dict[str, Any] = {
        "title": EXAMPLE_TITLE,
        "summary": "What is wrong, in a sentence or two.",
        "proposal": "What to do about it.",
        "rationale": "Why it matters, and when it bites.",
        "confidence": "medium",
        "tags": [],
        "target_refs": {},
        "action": "replace",
        "subject": "the thing acted on",
        "category": CATEGORIES[mode][0],
        "severity": "medium",
    }
    if mode == "code-review":
        finding |= {"file": "path/in/the/repository.py", "line_start": 1, "line_end": 2}
    if mode == "plan-review":
        finding |= {"section": "the section's heading"}
    review: dict[str, Any] = {
        "reviewer_role": role,
        "findings": [finding],
        "coverage": {"examined": ["what you read"], "not_examined": []},
    }
    return review if mode == "brainstorm" else review | {"verdict": "revise"}
