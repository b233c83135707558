"""What a run takes: which machine, how long, and what that costs. Thresholds and prices are dated data, not code."""

from __future__ import annotations

import msgspec


class InstanceClass(msgspec.Struct, frozen=True, kw_only=True):
    """A size of machine and up to how many documents and megabytes it is meant for; None is without limit."""

    name: str
    documents_below: int | None
    megabytes_below: float | None
    machine: str
    cpus: int
    memory_gib: float
    usd_per_hour: float


class Gpu(msgspec.Struct, frozen=True):
    """A machine with a graphics card, for comparison: a run does not need one."""

    machine: str
    usd_per_hour: float


class Work(msgspec.Struct, frozen=True):
    """How long the work without a model takes, as measured on two cores."""

    seconds_per_run: float
    seconds_per_file: float
    seconds_per_megabyte_of_text: float


class SizingTable(msgspec.Struct, frozen=True, kw_only=True):
    """The data file: classes from small to large, prices and their date."""

    as_of: str
    source: str
    classes: tuple[InstanceClass, ...]
    gpu: Gpu
    job_start_seconds: float
    hours_per_month: float
    work: Work


class Sizing(msgspec.Struct, frozen=True, kw_only=True):
    """What a corpus takes. Seconds are of one run, with the waiting for a model if there is one; money in USD."""

    instance: InstanceClass
    documents: int
    megabytes: float
    working_seconds: float
    waiting_seconds: float
    compute_usd: float
    compute_usd_on_gpu: float
    month_as_jobs_usd: float
    month_always_on_usd: float
    companies: int

    @property
    def seconds(self) -> float:
        """The whole run."""
        return self.working_seconds + self.waiting_seconds


def choose(table: SizingTable, documents: int, megabytes: float) -> InstanceClass:
    """Choose the smallest class that is meant for so many documents of so many megabytes."""
    for instance in table.classes:
        few = instance.documents_below is None or documents < instance.documents_below
        light = instance.megabytes_below is None or megabytes < instance.megabytes_below
        if few and light:
            return instance
    return table.classes[-1]


def size(  # noqa: PLR0913 - what the figures depend on
    table: SizingTable,
    *,
    documents: int,
    megabytes: float,
    megabytes_of_text: float,
    waiting_seconds: float = 0.0,
    companies: int = 1,
) -> Sizing:
    """Work out what a run over a corpus takes, and a month with `companies` runs."""
    instance = choose(table, documents, megabytes)
    work = table.work
    working = (
        work.seconds_per_run + work.seconds_per_file * documents + work.seconds_per_megabyte_of_text * megabytes_of_text
    )
    hours = (working + waiting_seconds) / 3600
    hours_as_job = hours + table.job_start_seconds / 3600
    return Sizing(
        instance=instance,
        documents=documents,
        megabytes=megabytes,
        working_seconds=working,
        waiting_seconds=waiting_seconds,
        compute_usd=hours * instance.usd_per_hour,
        compute_usd_on_gpu=hours * table.gpu.usd_per_hour,
        month_as_jobs_usd=hours_as_job * instance.usd_per_hour * companies,
        month_always_on_usd=table.hours_per_month * instance.usd_per_hour,
        companies=companies,
    )
