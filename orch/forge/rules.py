"""Rules of [forge] in orch.toml: the plain object of it."""

from schema.value import Value, own


class ForgeRules(Value):
    """Where pull requests are opened, and as whom. `kind` is "" where there is no forge."""

    kind: str = ""
    remote: str = "origin"
    repository: str = ""
    land: str = "local"
    merge: str = "merge"
    labels: list[str] = own(factory=list)
    token_command: list[str] = own(factory=list)
    app_id: int = 0
    app_installation: int = 0
    app_key_file: str = ""

    @property
    def by_pull_request(self) -> bool:
        """Whether the queue lands by pull requests."""
        return bool(self.kind) and self.land == "pull-request"
