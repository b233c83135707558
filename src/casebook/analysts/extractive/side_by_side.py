"""Read and fit many statements in several processes: each takes one stretch of the corpus.

``python -m casebook.analysts.extractive.side_by_side`` is such a process: it reads one share from its standard input
and writes the fits to its standard output. The result is the same as that of one process, to the last bit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain

import msgspec

from casebook.analysts.catalogue import Catalogue, Pattern, built_in_catalogue
from casebook.analysts.extractive.fitting import Fit, Told, fit_all
from casebook.analysts.extractive.forks import map_in_forks, may_fork
from casebook.analysts.extractive.matching import PatternIndex
from casebook.analysts.extractive.prebuilt import open_index
from casebook.analysts.extractive.statements import Sentence, Wording, read_wordings

WORTH_A_PROCESS = 700  # statements: they take about as long as a process takes to start, twice over
WORTH_A_FORK = 40  # the same for a copy of this process
READ_IN_A_FORK = 200  # sentences, whose reading is worth a copy
_MOST_PROCESSES = 8  # unless more are asked for: each takes 60 MB, and in a container the cores are the machine's

_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "TMPDIR")  # no secrets


class _Share(msgspec.Struct, frozen=True, array_like=True):
    """What one process is to do."""

    patterns: tuple[Pattern, ...] | None  # of a catalogue that is not the built-in one
    told: list[Told]
    wanted: list[int]  # places in `told`
    weights: list[float] | None


def fit_side_by_side(
    told: Sequence[Told],
    wanted: Sequence[int],
    index: PatternIndex,
    weights: Sequence[float] | None = None,
    *,
    processes: int | None = None,
) -> list[list[Fit]]:
    """Do what `fit_all` does in as many processes as the work is worth, at most `processes` (or cores).

    What a process fails to answer, because the system ended it, is done here.
    """
    forking = may_fork()
    number = min(_most(processes), max(1, len(wanted) // (WORTH_A_FORK if forking else WORTH_A_PROCESS)))
    if number == 1:
        return fit_all(told, wanted, index, weights)
    parts = _split(told, wanted, number)
    if forking:
        found = map_in_forks(partial(fit_all, told, index=index, weights=weights), parts, list[list[Fit]])
    else:
        found = _in_processes([_share(told, part, index, weights) for part in parts], index)
    return list(chain.from_iterable(found))


def read_side_by_side(sentences: Sequence[Sentence], *, processes: int | None = None) -> list[Wording]:
    """Do what `read_wordings` does, in copies of this process where it can be copied: sending all costs too much."""
    number = min(_most(processes), len(sentences) // READ_IN_A_FORK) if may_fork() else 1
    if number <= 1:
        return read_wordings(sentences)
    size = -(-len(sentences) // number)
    parts = [sentences[start : start + size] for start in range(0, len(sentences), size)]
    return list(chain.from_iterable(map_in_forks(read_wordings, parts, list[Wording])))


def _most(processes: int | None) -> int:
    """Return how many processes to use at most: as many as are asked for, or one for each core that may be used."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processes or min(cores, _MOST_PROCESSES)


def _in_processes(shares: Sequence[_Share], index: PatternIndex) -> list[list[list[Fit]]]:
    """Do the first share here and each other one in a process that is started for it."""
    first, *others = shares
    with ExitStack() as ended:
        children = [ended.enter_context(_start()) for _ in others]
        waiting = ended.enter_context(ThreadPoolExecutor(len(children)))
        for child in children:
            ended.callback(child.kill)  # first of all, when the work here fails or is interrupted
        answers = [waiting.submit(_ask, child, share) for child, share in zip(children, others, strict=True)]
        found = [_work_on(first, index)]
        for answer, share in zip(answers, others, strict=True):
            found.append(answer.result() or _work_on(share, index))
    return found


def _split(told: Sequence[Told], wanted: Sequence[int], number: int) -> list[list[int]]:
    """Cut what is wanted into parts of about the same size, each passage in one part."""
    parts: list[list[int]] = [[]]
    for before, place in zip([wanted[0], *wanted], wanted, strict=False):
        full = len(parts[-1]) * number >= len(wanted)
        if full and told[place].passage != told[before].passage:
            parts.append([])
        parts[-1].append(place)
    return parts


def _share(told: Sequence[Told], wanted: Sequence[int], index: PatternIndex, weights: Sequence[float] | None) -> _Share:
    """Take what a part needs: its passages; the whole corpus where descriptions are weighed by all paragraphs."""
    passages = {told[place].passage for place in wanted}
    needed = [place for place, one in enumerate(told) if one.passage in passages or not all(index.names_pains)]
    places = {place: number for number, place in enumerate(needed)}
    return _Share(
        patterns=None if index.catalogue is built_in_catalogue() else index.catalogue.patterns,
        told=[told[place] for place in needed],
        wanted=[places[place] for place in wanted],
        weights=None if weights is None else list(weights),
    )


def _work_on(share: _Share, index: PatternIndex) -> list[list[Fit]]:
    return fit_all(share.told, share.wanted, index, share.weights)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "casebook.analysts.extractive.side_by_side"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        start_new_session=True,  # an interrupt is for the process that was started by hand
    )


def _ask(child: subprocess.Popen[bytes], share: _Share) -> list[list[Fit]]:
    """Return the child's answer; nothing when it was ended."""
    answer, _ = child.communicate(msgspec.msgpack.encode(share))
    return [] if child.returncode else msgspec.msgpack.decode(answer, type=list[list[Fit]])


def main() -> None:
    """Work on the share that is asked for."""
    share = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Share)
    index = open_index(built_in_catalogue() if share.patterns is None else Catalogue(name="", patterns=share.patterns))
    sys.stdout.buffer.write(msgspec.msgpack.encode(_work_on(share, index)))


if __name__ == "__main__":
    main()
