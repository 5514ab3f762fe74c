"""The shape of `[notify]`: how people are told what needs them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from orch.config.model import Notify
from orch.harness.config import Strict

_BUILT_IN = Notify()
_Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$")]
_Argument = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")]
_Seconds = Annotated[float | int, Field(ge=0, le=7 * 86400)]


class NotifyTable(Strict):
    """[notify]"""

    command: Annotated[list[_Argument], Field(max_length=200)] = Field(
        [], description="a program that is told: JSON on standard input, names in ORCH_NOTICE_*"
    )
    desktop: bool = Field(False, description="notify-send, or osascript on a Mac")
    ntfy_env: _Variable | None = Field(
        None, description="the variable with an ntfy topic's URL; VAR_TOKEN may hold its token"
    )
    webhook_env: _Variable | None = Field(
        None, description="the variable with a URL that takes JSON; VAR_TOKEN may hold its token"
    )
    on: list[Literal["need", "done"]] = Field(
        ["need", "done"], description="what is told: needs of people, runs that are finished"
    )
    after: _Seconds = Field(
        _BUILT_IN.after, description="seconds; what is resolved sooner is never sent"
    )
    remind: Annotated[list[_Seconds], Field(max_length=10)] = Field(
        list(_BUILT_IN.remind), description="seconds after which a need that holds is sent again"
    )
    text: bool = Field(
        False, description="ntfy and webhook get agents' words too, not only names and kinds"
    )
    quiet_while_watched: bool = Field(
        True, description="nothing is sent while orch top or orch web is open"
    )

    def notify(self) -> Notify:
        """Return it as the plain object that workflows use."""
        found = Notify()
        for name in found._fields:
            setattr(found, name, getattr(self, name) or type(getattr(found, name))())
        found.remind = sorted(float(one) for one in self.remind)
        return found
