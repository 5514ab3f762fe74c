"""The clients: which package, and what each needs to talk to the scripted model."""

import json
from pathlib import Path


class Client:
    """A client at a pinned version; `configure` writes its settings and returns variables."""

    name = ""
    package = ""
    version = ""
    binary = ""
    mcp = ""  # Where its server is registered: "user" or "repository", "" where it is not tried.
    hooks = ""  # "both", or "user" where a repository's hooks need more trust, "" for none.

    def configure(self, home: Path, url: str) -> dict[str, str]:
        raise NotImplementedError

    def overrides(self) -> dict[str, object]:
        """Return keys of [harness.NAME] that the offline model needs."""
        return {}


def _json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


class Claude(Client):
    name, package, version = "claude", "@anthropic-ai/claude-code", "2.1.329"
    hooks = "both"
    mcp = "repository"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "scripted-key",
                "ANTHROPIC_MODEL": "scripted", "IS_SANDBOX": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}  # fmt: skip

    def overrides(self) -> dict[str, object]:
        return {"env": {"ENABLE_TOOL_SEARCH": "false"}}  # Else tools are behind a search.


class Codex(Client):
    name, package, version = "codex", "@openai/codex", "0.169.0"
    hooks = "user"
    mcp = "user"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        folder = home / ".codex"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(
            'model = "scripted"\nmodel_provider = "scripted"\n'
            "check_for_update_on_startup = false\n"
            "[features]\nplugins = false\n[analytics]\nenabled = false\n"
            '[model_providers.scripted]\nname = "scripted"\nwire_api = "responses"\n'
            f'base_url = "{url}/v1"\nenv_key = "OPENAI_API_KEY"\n'
            "request_max_retries = 1\nstream_max_retries = 1\n"
        )
        return {"CODEX_HOME": str(folder), "OPENAI_API_KEY": "scripted-key"}

    def overrides(self) -> dict[str, object]:
        return {"extra": ["--dangerously-bypass-hook-trust"]}


class Gemini(Client):
    name, package, version = "gemini", "@google/gemini-cli", "0.61.0"
    hooks = "user"
    mcp = "user"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        _json(home / ".gemini" / "settings.json", {
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False},
            "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
        })  # fmt: skip
        return {"GEMINI_API_KEY": "scripted-key", "GOOGLE_GEMINI_BASE_URL": url,
                "GEMINI_MODEL": "gemini-2.5-pro"}  # fmt: skip


class Copilot(Client):
    name, package, version = "copilot", "@github/copilot", "1.0.102"
    hooks = "user"
    mcp = "user"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        return {"COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
                "COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_API_KEY": "scripted-key",
                "COPILOT_MODEL": "scripted"}  # fmt: skip


class Opencode(Client):
    name, package, version = "opencode", "opencode-ai", "1.18.33"
    mcp = "user"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        model = {"name": "scripted", "limit": {"context": 200000, "output": 8000}}
        options = {"baseURL": f"{url}/v1", "apiKey": "scripted-key"}
        _json(home / ".config" / "opencode" / "opencode.json", {
            "autoupdate": False, "share": "disabled", "enabled_providers": ["scripted"],
            "provider": {"scripted": {"npm": "@ai-sdk/openai-compatible", "name": "scripted",
                                      "options": options, "models": {"scripted": model}}},
            "model": "scripted/scripted", "small_model": "scripted/scripted",
        })  # fmt: skip
        return {}

    def overrides(self) -> dict[str, object]:
        return {"env": {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1",
                        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
                        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1"}}  # fmt: skip


class Qwen(Client):
    name, package, version = "qwen", "@qwen-code/qwen-code", "0.24.4"
    hooks = "user"
    mcp = "user"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        _json(home / ".qwen" / "settings.json", {
            "security": {"auth": {"selectedType": "openai"}},
            "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False},
            "general": {"enableAutoUpdate": False},
        })  # fmt: skip
        return {"OPENAI_API_KEY": "scripted-key", "OPENAI_BASE_URL": f"{url}/v1",
                "OPENAI_MODEL": "scripted"}  # fmt: skip


class Pi(Client):
    name, package, version = "pi", "@mariozechner/pi-coding-agent", "0.73.1"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        model = {"id": "scripted", "name": "scripted", "reasoning": False, "input": ["text"],
                 "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
                 "contextWindow": 200000, "maxTokens": 8000}  # fmt: skip
        _json(home / ".pi" / "agent" / "models.json", {"providers": {"scripted": {
            "baseUrl": f"{url}/v1", "api": "openai-completions", "apiKey": "scripted-key",
            "models": [model]}}})  # fmt: skip
        return {}

    def overrides(self) -> dict[str, object]:
        return {"extra": ["--offline", "--provider", "scripted", "--model", "scripted"]}


class Aider(Client):
    """No tools: the model's text carries the edit, aider writes and commits it."""

    name, package, version = "aider", "aider-chat", "0.86.2"

    def configure(self, home: Path, url: str) -> dict[str, str]:
        return {"OPENAI_API_KEY": "scripted-key", "OPENAI_API_BASE": f"{url}/v1",
                "AIDER_MODEL": "openai/scripted"}  # fmt: skip


CLIENTS = {client.name: client for client in (
    Claude(), Codex(), Gemini(), Copilot(), Opencode(), Qwen(), Pi(), Aider())}  # fmt: skip
NODE = ("node", "22.23.3")  # Newer than what a distribution has, and some of them ask for it.
