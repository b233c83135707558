"""Run Casebook and do it harm at a chosen moment: ``python sabotage.py HARM MOMENT -- ARGUMENTS``.

HARM is ``kill`` (SIGKILL, as a power cut would), ``stop`` (SIGSTOP, it hangs), ``int`` or ``term``. MOMENT is
``before:STAGE`` (its work is done, nothing of it is saved), ``after:STAGE`` (it is saved), ``write:N`` (before the
N-th file of the run gets its name), ``put:PART`` (before an object with that in its key is put) or ``start`` (a
submission is saved, its run not yet handed to the queue).
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from casebook.backends.engines.plain import PlainEngine
from casebook.cli import main
from casebook.domain.run import Stage
from casebook.ports import Order

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "int": signal.SIGINT, "term": signal.SIGTERM}


def _around(engine: type[PlainEngine], harm: Callable[[], None], moment: str, wanted: str) -> None:
    keep = engine._keep  # noqa: SLF001 - the moment between act and save has no other name

    def sabotaged(self: PlainEngine, stage: Stage, *arguments: Any, **facts: Any) -> bytes:  # noqa: ANN401
        if (moment, stage) == ("before", wanted):
            harm()
        data = keep(self, stage, *arguments, **facts)
        if (moment, stage) == ("after", wanted):
            harm()
        return data

    engine._keep = sabotaged  # type: ignore[method-assign]  # noqa: SLF001


def _at_write(harm: Callable[[], None], number: int) -> None:
    replace, writes = os.replace, itertools.count(1)

    def sabotaged(source: Any, target: Any) -> None:  # noqa: ANN401
        if next(writes) == number:
            harm()
        replace(source, target)

    os.replace = sabotaged  # type: ignore[assignment]


def _at_put(harm: Callable[[], None], wanted: str) -> None:
    import obstore  # noqa: PLC0415 - the `objects` extra

    put = obstore.put

    def sabotaged(store: Any, key: str, data: Any, **options: Any) -> Any:  # noqa: ANN401
        if wanted in key:
            harm()
        return put(store, key, data, **options)

    obstore.put = sabotaged  # type: ignore[assignment]


def _before_start(harm: Callable[[], None]) -> None:
    from casebook.web.sweeper import Outbox  # noqa: PLC0415 - the `serve` extra

    def sabotaged(self: Outbox, orders: Sequence[Order]) -> None:  # noqa: ARG001
        harm()

    Outbox._hand_over = sabotaged  # type: ignore[method-assign]  # noqa: SLF001 - the moment has no other name


if __name__ == "__main__":
    kind, (when, _, what) = sys.argv[1], sys.argv[2].partition(":")

    def harm() -> None:
        """Send this process the signal."""
        os.kill(os.getpid(), SIGNALS[kind])
        if kind == "stop":
            time.sleep(0.5)  # the system stops other threads first

    if when == "write":
        _at_write(harm, int(what))
    elif when == "put":
        _at_put(harm, what)
    elif when == "start":
        _before_start(harm)
    else:
        _around(PlainEngine, harm, when, Stage(what))
    sys.argv = ["casebook", *sys.argv[sys.argv.index("--") + 1 :]]
    main()
