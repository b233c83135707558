"""How well needs are matched to a catalogue of about 700 entries whose authors described the same thing a year later.

    python -m benchmarks.editions [TRIALS]

The catalogue holds the first description of each pair in corpora/editions/pairs.csv, all entries of corpora/inventory,
the built-in patterns as plain entries (title and English description), and entries put together from tables of
subjects, methods and purposes, which are many and resemble each other as those of real inventories do. A trial hides
the second descriptions of 12 pairs (in other words: fewer than half of the words of both are shared) among 60
paragraphs of office life in 5 files, and asks for 12 use cases. Beside it stands plain TF-IDF with one-to-one
assignment. A second table takes needs made by rule: from entries of the inventory, part of the words are left out and
part are replaced by words of other entries.
"""

from __future__ import annotations

import csv
import hashlib
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import matching
from benchmarks.matching import DISTRACTORS, INVENTORY, NEEDS, TRIALS, Need, measure, print_outcomes
from benchmarks.runs import ROOT
from casebook.analysts.catalogue import Catalogue, Pattern, built_in_catalogue, load_catalogue
from casebook.analysts.extractive.analyst import ExtractiveAnalyst

PAIRS = ROOT / "benchmarks" / "corpora" / "editions" / "pairs.csv"
KEPT, REPLACED = 0.45, 0.25  # shares of the words of an entry, for needs made by rule
_SUBJECTS = (
    ("grant applications", "the rural development office"),
    ("radiographs of freight", "the port authority"),
    ("requests for records", "the archive service"),
    ("vibration data of pumps", "the water works"),
    ("calls about pensions", "the benefits agency"),
    ("satellite scenes of forests", "the land survey"),
    ("adverse event narratives", "the medicines regulator"),
    ("crash narratives", "the traffic safety office"),
    ("job announcements", "the personnel office"),
    ("security alerts", "the operations centre"),
    ("purchase card lines", "the procurement office"),
    ("inspection findings at care homes", "the health department"),
    ("river gauges", "the hydrological service"),
    ("passport photographs", "the consular service"),
    ("patent publications", "the patent office"),
    ("unemployment claims", "the labour department"),
    ("hydrophone recordings", "the fisheries service"),
    ("energy meters in offices", "the buildings agency"),
    ("comments on proposed rules", "the rulemaking docket"),
    ("import declarations", "the customs administration"),
    ("permits for buildings", "the city planning board"),
    ("maintenance logs of vehicles", "the motor pool"),
    ("electronic health records", "the veterans' hospitals"),
    ("emails to ministers", "the correspondence unit"),
    ("marketplace listings", "the consumer agency"),
    ("drone pictures of bridges", "the highway department"),
    ("clinical study reports", "the drug review centre"),
    ("tax returns", "the revenue service"),
    ("weather station readings", "the agricultural ministry"),
    ("training records", "the academy"),
)
_METHODS = (
    ("Classification of", "A supervised classifier assigns a category to", "so that they reach the right specialist"),
    ("Summaries of", "A large language model writes summaries of", "so that staff can decide which to open"),
    ("Anomaly Detection in", "An algorithm learns what is normal for", "and reports deviations for review"),
    ("Forecast from", "A time series model forecasts the coming months from", "so that staffing can be planned"),
    ("Duplicate Search in", "Near duplicates are found by text embedding in", "so that work is done only once"),
    ("Risk Ranking of", "A gradient boosted model ranks by risk", "and inspectors begin with the highest"),
    ("Question Answering over", "A chat assistant with retrieval answers questions over", "with links to the source"),
    ("Extraction from", "Dates, names and amounts are extracted automatically from", "and checked by a clerk"),
    ("Translation of", "Neural machine translation gives English versions of", "for officers in the field"),
)
_TAILS = (
    "The system runs in the agency cloud and is evaluated twice a year.",
    "Users may override every output, and overrides are kept for retraining.",
    "A vendor supplies the model; the agency owns data and thresholds.",
    "The pilot covers two regions and will be extended when accuracy is confirmed.",
    "No decision with legal effect is taken without a person.",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A catalogue, and needs that were written for some of its entries."""

    name: str
    catalogue: Catalogue
    needs: Sequence[Need]


def main(trials: int) -> None:
    """Print precision and recall of Casebook and of TF-IDF for both kinds of needs."""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    entries = [Pattern(id=row["id"], title=row["title"], description=row["first"]) for row in pairs]
    inventory = load_catalogue(INVENTORY / "catalogue.csv").patterns
    catalogue = _catalogue([*entries, *inventory, *_built_in(), *_put_together()])
    written = [Need(row["id"], row["second"]) for row in pairs]
    distractors = matching.read_distractors()
    print(f"{trials} trials, {NEEDS} needs among {DISTRACTORS} other paragraphs, {len(catalogue.patterns)} entries\n")
    for setting in (
        Setting("second editions", catalogue, written),
        Setting("made by rule", catalogue, _by_rule(inventory)),
    ):
        started = time.process_time()
        analyst = ExtractiveAnalyst(setting.catalogue)
        ours, baseline = measure(analyst, setting.catalogue, setting.needs, distractors, trials)
        print(f"{setting.name}: {len(setting.needs)} needs")
        print_outcomes(ours, baseline)
        print(f"both together: {time.process_time() - started:.1f} s of processor time\n")


def _catalogue(patterns: Sequence[Pattern]) -> Catalogue:
    digest = hashlib.sha256("".join(pattern.id + pattern.name for pattern in patterns).encode()).hexdigest()
    return Catalogue("editions", tuple(patterns), digest)


def _built_in() -> list[Pattern]:
    return [
        Pattern(id=pattern.id, title=pattern.name, description=next(iter(pattern.texts(pattern.description))))
        for pattern in built_in_catalogue().patterns
    ]


def _put_together() -> list[Pattern]:
    patterns: list[Pattern] = []
    for subject, (things, office) in enumerate(_SUBJECTS):
        for method, (title, does, purpose) in enumerate(_METHODS):
            tail = _TAILS[(subject * len(_METHODS) + method) % len(_TAILS)]
            text = f"{does} {things} held by {office}, {purpose}. {tail}"
            patterns.append(Pattern(id=f"gen-{subject}-{method}", title=f"{title} {things}", description=text))
    return patterns


def _by_rule(patterns: Sequence[Pattern]) -> list[Need]:
    chance = random.Random(0)  # noqa: S311 - reproducible, not secret
    words = [word for pattern in patterns for text in pattern.texts(pattern.description) for word in text.split()]
    return [Need(pattern.id, _reworded(pattern, words, chance)) for pattern in patterns]


def _reworded(pattern: Pattern, words: Sequence[str], chance: random.Random) -> str:
    found: list[str] = []
    for word in " ".join(pattern.texts(pattern.description)).split():
        drawn = chance.random()
        if drawn < KEPT:
            found.append(word)
        elif drawn < KEPT + REPLACED:
            found.append(chance.choice(words))
    return " ".join(found).strip(".,;") + "."


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS)
