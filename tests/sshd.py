"""A real SSH server on loopback, an ordinary process with its own keys; the host stays as is."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("openssh-server", "libwrap0")  # Debian's, unpacked and not installed
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


@dataclass
class Server:
    """Where it listens, as whom, and the private key that it lets in."""

    port: int
    user: str
    key: Path
    folder: Path  # the user may write here


def unpacked(folder: Path) -> Path:
    """Debian's sshd, from this machine or unpacked below ``folder``."""
    if installed := shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"):
        return Path(installed)
    folder.mkdir(exist_ok=True)
    get = ["apt-get", "download", *PACKAGES]
    if subprocess.run(get, cwd=folder, capture_output=True, check=False).returncode:
        subprocess.run(["apt-get", "update"], capture_output=True, check=True)
        subprocess.run(get, cwd=folder, capture_output=True, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    return folder / "usr" / "sbin" / "sshd"


@contextlib.contextmanager
def running(folder: Path):
    """Start the server, yield it, stop it. Who runs it is who logs in."""
    program = unpacked(folder / "debian")
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(make, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder))
    store = folder / "store"
    store.mkdir()
    command = [program, "-D", "-e", "-f", config]
    if os.geteuid() == 0:
        # As root sshd wants a user and a folder of its own: in a private view of the file system.
        users = folder / "passwd"
        users.write_text(Path("/etc/passwd").read_text() + "sshd:x:64999:65534::/:/bin/false\n")
        private = f"mount --bind {users} /etc/passwd; mount -t tmpfs tmpfs /run; mkdir /run/sshd"
        command = ["unshare", "--mount", "sh", "-ec", f'{private}; exec "$@"', "sh", *command]
    libraries = ":".join(map(str, (folder / "debian").glob("**/lib/*-linux-gnu")))
    with open(folder / "sshd.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, stderr=log, env={**os.environ, "LD_LIBRARY_PATH": libraries}
        )
    try:
        _wait_for(port, server, folder / "sshd.log")
        yield Server(port, getpass.getuser(), folder / "user", store)
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(100):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
