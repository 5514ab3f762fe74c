"""What a reviewer is asked for: the JSON Schema of its result, and an example of it.

review.schema.json beside this file is `Review` as pydantic describes it, written down so that
starting a council loads no pydantic; tests/unit/test_council_asking.py compares the two.
"""

import json
import os
from typing import Any

from council.vocabulary import ACTIONS, CATEGORIES, ROLE_SUFFIX, ROLES, Mode, Role

_BASE = os.path.join(os.path.dirname(__file__), "review.schema.json")


def review_schema(mode: Mode, role: Role | None = None) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that a reviewer's result is validated against.

    Guarantees: objects forbid unknown fields (`target_refs` alone is free); a document that
    satisfies it and keeps the protocol's rules for JSON parses as Review. With `role`, only
    that reviewer's result satisfies it.
    """
    with open(_BASE, encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    finding = schema["$defs"]["Finding"]["properties"]
    _narrow(finding["action"], ACTIONS[mode])
    _narrow(finding["category"], CATEGORIES[mode])
    finding["title"]["pattern"] = r"\S"
    roles = [role] if role else list(ROLES)
    schema["properties"]["reviewer_role"] = {
        "enum": [name for each in roles for name in (each, each.removesuffix(ROLE_SUFFIX))],
        "type": "string",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"orch-council-review-{mode}",
        **schema,
    }


def _narrow(nullable: dict[str, Any], allowed: tuple[str, ...]) -> None:
    nullable["anyOf"][0]["enum"] = list(allowed)


def example_review(mode: Mode, role: Role) -> dict[str, Any]:
    """Return a document that satisfies `review_schema(mode, role)`, for the reviewer's brief."""
    finding: dict[str, Any] = {
        "title": "Read and extend the lease in one transaction",
        "summary": "renew() checks the expiry before it takes the write lock.",
        "proposal": "Move the read into the transaction that extends the lease.",
        "rationale": "Two workers can both pass the check and believe they own the thread.",
        "confidence": "high",
        "tags": ["lease"],
        "target_refs": {"symbols": ["renew"]},
        "action": "replace",
        "subject": "lease expiry check",
        "category": CATEGORIES[mode][0],
        "severity": "high",
    }
    if mode == "code-review":
        finding |= {"file": "bus/leases.py", "line_start": 41, "line_end": 58}
    if mode == "plan-review":
        finding |= {"section": "2 Leases"}
    review: dict[str, Any] = {
        "reviewer_role": role,
        "findings": [finding],
        "coverage": {"examined": ["what you read"], "not_examined": []},
    }
    return review if mode == "brainstorm" else review | {"verdict": "revise"}
