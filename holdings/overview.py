"""What an agency holds here, in numbers: nothing about anyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Q

from holdings.models import Holding, Run, Stop


@dataclass(slots=True)
class DataSet:
    """One data set of one agency. `run` is the last one that wrote copies of it."""

    code: str
    held: int = 0
    withdrawn: int = 0
    layout_versions: list[int] = field(default_factory=list)
    run: Run | None = None
    stop: Stop | None = None
    stopped_persons: int = 0

    @property
    def written_at(self) -> datetime | None:
        return self.run.at if self.run else None


def of_agency(agency: str) -> dict[str, DataSet]:
    """By the code of the data set, in few queries however many copies there are."""
    found: dict[str, DataSet] = {}
    own = Holding.objects.filter(agency=agency)
    is_kept = Q(withdrawn_at__isnull=True)
    last_run: dict[str, int] = {}
    counted = own.values("data_set", "layout_version").annotate(
        held=Count("pk", filter=is_kept), withdrawn=Count("pk", filter=~is_kept), last=Max("run")
    )
    for row in counted.order_by("data_set", "layout_version"):
        line = found.setdefault(row["data_set"], DataSet(row["data_set"]))
        line.held += row["held"]
        line.withdrawn += row["withdrawn"]
        if row["layout_version"] is not None:
            line.layout_versions.append(row["layout_version"])
        if row["last"] is not None:
            last_run[line.code] = max(row["last"], last_run.get(line.code, 0))
    runs = {run.number: run for run in Run.objects.filter(agency=agency, number__in=last_run.values())}
    for code, number in last_run.items():
        found[code].run = runs.get(number)
    stops = Stop.objects.in_force().filter(agency=agency)
    for stop in stops.filter(code__isnull=True):
        found.setdefault(stop.data_set, DataSet(stop.data_set)).stop = stop
    for row in stops.filter(code__isnull=False).values("data_set").annotate(persons=Count("pk")).order_by("data_set"):
        found.setdefault(row["data_set"], DataSet(row["data_set"])).stopped_persons = row["persons"]
    return found
