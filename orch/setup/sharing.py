"""Files that several clients read: what is taken out for one stays as long as another has it.

A client is known to be set up by what is its alone (skills, hooks). One that has nothing of its
own leaves no trace: about those a person is told.
"""

import os

from orch.setup import blocks, files, hooks
from orch.setup.catalog import Agent
from orch.setup.changes import SetupRequest
from orch.setup.model import Broken, Target
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def kept(
    request: SetupRequest, mine: list[Target], others: "Iterable[Agent]", user: bool,
    primers: "Mapping[str, str]",
) -> tuple[dict[str, list[str]], list[str]]:  # fmt: skip
    """Return (who else has each shared file, the clients that may use one and leave no trace)."""
    places = {_real(target) for target in mine}
    shared: dict[str, list[str]] = {}
    unseen: list[str] = []
    for agent in others:
        try:
            base = agent.home(os.environ) if user else request.root
        except Failure:
            continue  # It has no files there.
        targets = agent.targets(base, user, primers)
        common = [target for target in targets if _real(target) in places]
        own = [target for target in targets if _real(target) not in places]
        if common and any(_is_ours(request, agent, target) for target in own):
            for target in common:
                shared.setdefault(_real(target), []).append(agent.name)
        elif common and not own:
            unseen.append(agent.name)
    return shared, unseen


def _real(target: Target) -> str:
    return os.path.realpath(os.path.join(target.base, target.name))


def _is_ours(request: SetupRequest, agent: Agent, target: Target) -> bool:
    """Say whether something that setup wrote for a client is there."""
    try:
        old = files.look(request.bounds, os.path.join(target.base, target.name)).old
        if old is None:
            return False
        if target.kind == "block":
            return blocks.find(old) is not None
        if target.kind == "skill":
            return blocks.unseal(old) is not None
        if target.kind == "file":
            return old == str(target.content).encode()
        return hooks.take(old, agent.hooks(), agent.comments, True) != old
    except Broken:
        return False
