"""A leader and a worker with homes of their own, and one server that is reached by TLS."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import ENGINES
from tests.support.repos import Repo

pytestmark = [
    pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED),
    pytest.mark.skipif("server" not in ENGINES, reason="seconds: make test-pg"),
]
HOST = socket.gethostname()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of this host's name that is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    key, certificate = folder / "server.key", folder / "server.crt"
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, "postgres")
    return key, certificate


@pytest.fixture
def server(tmp_path: Path):
    own = Path(servers.shared().folder)  # Where the server's user may look.
    key, certificate = _certificates(own)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = servers.Cluster(
        "ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={key}", tcp=port, listen="*"
    )
    hba = made.data / "pg_hba.conf"
    hba.write_text("hostssl all team all scram-sha-256\n" + hba.read_text())
    made.execute("SELECT pg_reload_conf()")
    made.execute("CREATE ROLE team LOGIN PASSWORD 'shared'")
    made.execute("CREATE DATABASE agents OWNER team")
    yield made, port, certificate
    made.stop()


def _machine(tmp_path: Path, name: str, certificate: Path, port: int, url: str) -> Cli:
    home = tmp_path / name
    (home / ".postgresql").mkdir(parents=True)
    shutil.copy(certificate, home / ".postgresql" / "root.crt")
    (home / ".pgpass").write_text(f"{HOST}:{port}:agents:team:shared\n")
    (home / ".pgpass").chmod(0o600)
    cwd = home / "work"
    cwd.mkdir()
    return Cli(cwd, home=home, env={"ORCH_DB": url}).warm


def test_a_leader_and_a_worker_of_two_machines(server, tmp_path: Path) -> None:
    _, port, certificate = server
    url = f"postgresql://team@{HOST}:{port}/agents"
    lead = _machine(tmp_path, "lead", certificate, port, url)
    worker = _machine(tmp_path, "worker", certificate, port, url)
    assert lead.ok("init")["created"] is True
    checks = {c["name"]: c for c in worker.ok("doctor")["checks"]}
    assert checks["connection"]["detail"].startswith("TLS")
    lead.ok("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t")
    with lead.start("wait-reply", "--thread", "t", "--agent", "lead", "--json") as waiting:
        waiting.asleep(next((tmp_path / "lead").glob(".local/state/orch/stores/*")) / "store")
        worker.ok("claim", "--agent", "w", "--next")
        worker.ok("done", "--agent", "w", "--thread", "t", "--body", "here")
        assert waiting.wait().data["message"]["body"] == "here"
    # An analysis task: planned here, worked on there.
    orch = Cli(lead.cwd, program="orch").warm
    orch.env = lead.env
    Repo(lead.cwd / "repo")
    orch.ok("run", "init", "--run", "r", "--goal", "g")
    orch.ok("task", "add", "--run", "r", "--task", "a", "--default-to", "w")
    sent = orch.ok("dispatch", "r/a", "--execution-mode", "analysis")["attempt"]
    own = ("--agent", "w", "--thread", sent["thread_id"])
    worker.ok("claim", *own)
    worker.ok("done", *own, "--summary", "looked", "--body", "all is well")
    assert orch.ok("status", "--run", "r")["tasks"][0]["status"] == "done"
    # Without the certificate nobody is answered.
    (tmp_path / "worker" / ".postgresql" / "root.crt").unlink()
    worker.refuse("store_error", "io", "list")
