"""A model in a file, run in this process by llama.cpp's own server on the loopback address."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from casebook.errors import PermanentError

_CONTEXT = 32_768  # tokens, of all requests at a time together


class LlamaServer:
    """Serves one GGUF file; it starts with the first use and ends with the process."""

    def __init__(self, path: Path, *, at_once: int, context: int = _CONTEXT) -> None:
        """Serve the model in `path`, `at_once` requests at a time, with `context` tokens for all of them."""
        self._path = path
        self._at_once = at_once
        self._context = context
        self._starting = threading.Lock()
        self._server: object | None = None
        self._url = ""

    def url(self) -> str:
        """Start the server if it does not run, and return its address. Raises PermanentError."""
        with self._starting:
            if self._server is None:
                self._server, self._url = self._start()
            return self._url

    def _start(self) -> tuple[object, str]:
        import xllamacpp  # noqa: PLC0415 - the `local` extra: 100 MB that only this needs

        if not self._path.is_file():
            message = f"there is no model file {self._path}: check CASEBOOK_MODEL"
            raise PermanentError(message)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self._path)
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.verbosity = -1  # its lines would stand between ours
        parameters.n_ctx = self._context
        parameters.n_parallel = self._at_once
        parameters.cpuparams.n_threads = max(1, (os.cpu_count() or 2) - 1)
        try:
            server = xllamacpp.Server(parameters)
        except RuntimeError as error:
            message = f"{self._path} cannot be run: is it a GGUF file that fits into memory? ({error})"
            raise PermanentError(message) from error
        return server, f"{server.listening_address}/v1"
