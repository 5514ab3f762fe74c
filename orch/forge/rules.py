"""What [forge] of orch.toml says: the plain object of it."""


class ForgeRules:
    """Where pull requests are opened, and as whom. `kind` is "" where there is no forge."""

    __slots__ = (
        "app_id", "app_installation", "app_key_file", "kind", "labels", "land", "merge", "remote",
        "repository", "token_command",
    )  # fmt: skip

    def __init__(self) -> None:
        self.kind = ""
        self.remote = "origin"
        self.repository = ""
        self.land = "local"
        self.merge = "merge"
        self.labels: list[str] = []
        self.token_command: list[str] = []
        self.app_id = 0
        self.app_installation = 0
        self.app_key_file = ""

    @property
    def by_pull_request(self) -> bool:
        """Whether the queue lands by pull requests."""
        return bool(self.kind) and self.land == "pull-request"
