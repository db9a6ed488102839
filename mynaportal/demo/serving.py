"""Starting the portal and the reader as two processes of their own, telling the visitor where, and stopping both."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

from cards.reader import Pairing

LOOPBACK = "127.0.0.1"
_READY_SECONDS = 30
_STOP_SECONDS = 10


class CannotServe(Exception):
    """A sentence for the person at the terminal."""


def origin(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def require_free(port: int, *, what: str, variable: str) -> None:
    """Raises CannotServe with what to do when someone else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            reason = "is taken by another program" if error.errno == errno.EADDRINUSE else "cannot be used"
            raise CannotServe(
                f"Port {port} for the {what} {reason}. Choose another one: make demo {variable}={port + 10}"
            ) from None


def environment(*, port: int, reader_port: int) -> dict[str, str]:
    """What the two servers get to know about each other: addresses, and that the holder allows this portal."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "mynaportal.settings"),
        "MYNA_PORTAL_ORIGIN": origin(port),
        "MYNA_READER_ORIGIN": origin(reader_port),
        "MYNA_READER_PAIRING": Pairing(settings.READER_SECRET).token(origin(port)),
        "PYTHONUNBUFFERED": "1",
    }


class Servers:
    """The two processes. Whoever starts them stops them, on every way out."""

    def __init__(self, *, port: int, reader_port: int, log_directory: Path) -> None:
        env = environment(port=port, reader_port=reader_port)
        self.port, self.reader_port = port, reader_port
        self.log = log_directory / "demo.log"
        portal = [
            *(sys.executable, "-m", "gunicorn", "mynaportal.wsgi", "--bind", f"{LOOPBACK}:{port}"),
            *("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--graceful-timeout", "5"),
            *("--log-level", "warning", "--no-control-socket"),
        ]
        reader = [
            *(sys.executable, "-m", "mynaportal.demo.reader", "--port", str(reader_port)),
            *("--portal-origin", origin(port)),
        ]
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            # Groups of their own: a Ctrl-C at the terminal reaches us alone, and we stop them in order.
            self.processes = [
                subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
                for command in (portal, reader)
            ]

    def wait_until_ready(self) -> None:
        """Return when both answer. Raises CannotServe when one ends instead, or takes too long."""
        deadline = time.monotonic() + _READY_SECONDS
        waiting = [f"{origin(self.port)}/readyz", f"{origin(self.reader_port)}/"]
        while waiting:
            self.require_alive()
            if time.monotonic() > deadline:
                raise CannotServe(f"{waiting[0]} does not answer. The servers' words are in {self.log}.")
            waiting = [url for url in waiting if not _answers(url)]
            time.sleep(0.1)

    def require_alive(self) -> None:
        for process in self.processes:
            if process.poll() is not None:
                raise CannotServe(f"A server ended by itself. Its last words are in {self.log}.")

    def watch(self) -> None:
        """Block until one of them ends. Raises CannotServe then."""
        while True:
            self.require_alive()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask both to end, and insist after ten seconds."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self.processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own servers
            return answer.status == 200
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False
