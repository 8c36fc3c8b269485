"""A process of its own for a check whose library is slow to import: it imports while the main process works.

Parent and worker speak pickle over a pipe that nobody else can write to.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from llmops_audit.errors.redaction import safe_text, scrubbed
from llmops_audit.record import Finding, NamedFigure

__all__ = ["Worker", "WorkerFailed"]

LAST_LINES = 5

QUIET = {
    "PYTHONHASHSEED": "0",
    "DO_NOT_TRACK": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "TQDM_DISABLE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""Environment in which libraries send nothing home, draw nothing, walk over sets in one order, and use one core."""


class WorkerFailed(Exception):
    """The worker died, hung or reported an exception; the text says which."""


@dataclass(frozen=True)
class _Reply:
    produced: tuple[Finding | NamedFigure, ...] = ()
    error: str | None = None


class Worker:
    """One check's process, started before the data is read.

    Parameters
    ----------
    name : str
        The check.
    modules : sequence of str
        What it imports at once.
    plugins : sequence of Path
        Where checks of the user's own lie.
    """

    def __init__(self, name: str, modules: Sequence[str], plugins: Sequence[Path]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        order = pickle.dumps((name, tuple(modules), tuple(str(path.resolve()) for path in plugins)))
        self._process = subprocess.Popen(
            # -P: the folder that the audit is started in is no place to import libraries from.
            [sys.executable, "-P", "-c", "from llmops_audit.audit.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **QUIET},
        )
        self._send(order)

    def run(
        self, inputs: Mapping[str, Any], settings: Mapping[str, Any], seconds: float
    ) -> tuple[Finding | NamedFigure, ...]:
        """Run the check on its inputs.

        Raises
        ------
        WorkerFailed
            Where the process dies, reports an exception, or takes longer than `seconds`.
        """
        order = pickle.dumps((dict(inputs), dict(settings)))
        reply: list[_Reply] = []
        # Sending waits as well, until the worker has imported all and reads.
        exchange = threading.Thread(target=self._exchange, args=(order, reply), daemon=True)
        exchange.start()
        exchange.join(seconds)
        if exchange.is_alive():
            raise WorkerFailed(f"took longer than {seconds:g} seconds")
        if not reply:
            raise WorkerFailed(f"its process ended with code {self._process.wait()}: {self._last_lines()}")
        if reply[0].error is not None:
            raise WorkerFailed(reply[0].error)
        return reply[0].produced

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _send(self, content: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened above
        # A dead worker does not read; `run` then says with which last lines it died.
        with suppress(BrokenPipeError):
            self._process.stdin.write(len(content).to_bytes(8, "little") + content)
            self._process.stdin.flush()

    def _exchange(self, order: bytes, reply: list[_Reply]) -> None:
        self._send(order)
        assert self._process.stdout is not None  # noqa: S101 - opened above
        content = self._process.stdout.read()
        if content:
            reply.append(pickle.loads(content))  # noqa: S301 - our own process wrote it

    def _last_lines(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        return scrubbed(" | ".join(lines[-LAST_LINES:])) or "no output"


def _next(stream: IO[bytes]) -> Any:
    size = int.from_bytes(stream.read(8), "little")
    return pickle.loads(stream.read(size))  # noqa: S301 - our own process wrote it


def main() -> None:
    """Serve one check: import, wait for inputs, reply once."""
    from llmops_audit.check.registry import provided

    replies = os.fdopen(os.dup(1), "wb")
    # A library that prints must not break the reply.
    os.dup2(2, 1)
    name, modules, plugins = _next(sys.stdin.buffer)
    try:
        for module in modules:
            importlib.import_module(module)
        function = provided(Path(plugin) for plugin in plugins)[name].check.function
        inputs, settings = _next(sys.stdin.buffer)
        reply = _Reply(produced=tuple(function(**inputs, **settings)))
    except Exception as error:  # noqa: BLE001 - the runner's boundary, in the process where the check runs
        reply = _Reply(error=safe_text(error))
    replies.write(pickle.dumps(reply))
    replies.close()
