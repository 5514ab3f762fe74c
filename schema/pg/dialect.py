"""Dialect: what SQLite says in few ways of its own, in PostgreSQL's words.

So a block has a twin in `X.pg.sql` only where more differs than these. make test-pg has the server
prepare every statement (tests/house/test_engines.py).
"""

import re

# In this order; each is a whole construct, so that nothing else looks like it.
_RULES = [
    (re.compile(words), said)
    for words, said in (
        # Which index to take is the server's own affair.
        (r" INDEXED BY \w+", ""),
        (r"\bIS NOT (?=[a-z]+\.)", "IS DISTINCT FROM "),
        # Of two values; of rows, max is the same.
        (r"\bmax\(([a-z_.]+, [:a-z_.]+)\)", r"greatest(\1)"),
        # Moments as they are published.
        (
            r"strftime\('%Y-%m-%dT%H:%M:%fZ', ((?:[^()']|\([^()]*\))+?) / 1000\.0, 'unixepoch'\)",
            r"orch_iso(\1)",
        ),
        # Lists of texts, and fields of documents.
        (r"(?:CROSS )?JOIN json_each\(", "CROSS JOIN LATERAL json_each("),
        (r"json_each\(('[^']*'|:\w+|[a-z]\w*\.\w+)\)", r"json_array_elements_text((\1)::json)"),
        (r"json_array_length\(([a-z.]+)\)", r"json_array_length((\1)::json)"),
        (
            r"\b([a-z]\w*\.\w+|payload|facts|approvals) (->>?) '\$\.(\w+)'",
            r"(\1::json \2 '\3')",
        ),
    )
]


def in_words_of_the_server(text: str) -> str:
    """Return SQL of a `.sql` file as PostgreSQL takes it, where only the dialect differs."""
    for words, said in _RULES:
        text = words.sub(said, text)
    return text
