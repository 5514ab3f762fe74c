"""init of orch: the store, and with --example an orch.toml and a ticket to begin with."""

import os

from inbox.cli import stores
from schema.json_text import array, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_TICKET = """\
# A ticket is a task in a file. To have it done: {start}
# All fields: {fields}
id: example
title: Say hello
description: |
  A file hello.txt with one line that greets the reader.
allowed_paths: [hello.txt]
acceptance:
  - hello.txt has one line
"""


def init(call: "Call", *, example: bool, key: str | None) -> None:
    """Create the store; with `example`, write what is not there yet of the two files."""
    if not example:
        stores.init(call, key=key)
        return
    from orch.cli.start import config_offer, looks
    from orch.config import load
    from orch.setup import first_config
    from orch.steps.model import say
    from schema.steps import command

    top = looks.top_here()
    answer = stores.made(call)
    config = first_config.text_of(first_config.find_check(top))
    ticket = os.path.join("tickets", "example.yaml")
    words = {"start": command(say("start", ticket)), "fields": command(say("plan schema"))}
    written = []
    for name, text in ((load.NAME, config), (ticket, _TICKET.format(**words))):
        path = os.path.join(top, name)
        if not os.path.lexists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            config_offer.write(path, text)
            written.append(path)
    call.say(merge(answer, written=array(written)))
