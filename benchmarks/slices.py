"""The search for slices: its cost beside SliceLine's, what it finds, and what it claims wrongly.

    python benchmarks/slices.py [cost] [peer] [planted] [clean]

`peer` compares with sliceline 0.3.0, which is no dependency of this project:

    python -m pip install -c constraints.txt sliceline==0.3.0

Seconds are those of the processor. `peer` runs sliceline in a process of its own, which is ended
after --patience of them, or where it asks for more than 8 GiB of memory.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest

from auditkit.checks.slices.check import MOST_CONFIRMED, SMALLEST, confirm, support_of
from auditkit.checks.slices.halves import Halves
from auditkit.evidence.needs import SliceNeed, feature
from auditkit.evidence.slice_tables import SliceAccumulator
from auditkit.evidence.subject import ViewKey
from auditkit.statistics.counts import Axis
from auditkit.statistics.slice_cells import SliceCells, slice_line_score
from auditkit.statistics.slice_search import SliceSearch, search

SIZES = (8, 8, 8, 2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7)
PLANTED = ((0, 0), (1, 0), (2, 0))
DEPTH, BATCH = 3, 8192
_MOST_MEMORY = 8 << 30
NEED = SliceNeed(ViewKey(""), tuple(feature(str(place)) for place in range(len(SIZES))))


@dataclass(frozen=True)
class Rows:
    """Levels of 15 features `[features, n]`, and which decisions are wrong `[n]`."""

    levels: np.ndarray
    wrong: np.ndarray
    clusters: np.ndarray


def drawn(n: int, seed: int, planted: float = 0.1, cluster: int = 1, spread: float = 0.0) -> Rows:
    """A tenth of the decisions wrong; `planted` of those in one slice of an eighth cubed.

    With clusters of `cluster` rows each has its own rate and its own levels of every feature.
    """
    rng = np.random.default_rng(seed)
    clusters = np.arange(n) // cluster
    of_cluster = np.stack([rng.integers(0, size, clusters[-1] + 1) for size in SIZES])
    levels = of_cluster[:, clusters]
    rate = np.full(n, 0.1)
    if spread:
        strength = 1 / spread - 1  # of a beta distribution with this correlation within clusters
        rate = rng.beta(0.1 * strength, 0.9 * strength, clusters[-1] + 1)[clusters]
    inside = np.all([levels[place] == level for place, level in PLANTED], axis=0)
    return Rows(levels, rng.random(n) < np.where(inside, planted, rate), clusters)


def counted(rows: Rows, folds: np.ndarray, blocks: np.ndarray | None = None) -> Halves:
    """What a pass would count, in batches."""
    axes = [
        Axis(str(column), tuple(map(str, range(size))))
        for column, size in zip(NEED.axes, SIZES, strict=True)
    ]
    tables = SliceAccumulator(NEED, axes, clustered=blocks is not None)
    wrong = torch.from_numpy(rows.wrong)
    for start in range(0, len(folds), BATCH):
        part = slice(start, start + BATCH)
        of_blocks = None if blocks is None else blocks[part]
        tables.add(list(rows.levels[:, part]), folds[part], of_blocks, wrong[part])
    return Halves(NEED, tables.tables(), tuple(str(place) for place in range(len(SIZES))))


def searched(halves: Halves) -> SliceSearch:
    return search(
        halves.searched,
        support_of(halves),
        design_effect=halves.design_effect,
        most=MOST_CONFIRMED,
    )


def halved(rows: Rows, seed: int) -> Halves:
    """Both halves, no cluster in both."""
    rng = np.random.default_rng([seed, 1])
    count = rows.clusters[-1] + 1
    folds = rng.integers(0, 2, count)[rows.clusters]
    alone = count == len(folds)
    return counted(rows, folds, None if alone else rng.integers(0, 64, count)[rows.clusters])


def cost() -> None:
    print("| rows | counting, CPU s | searching and confirming, CPU s | together | state, MiB |")
    print("|---|---|---|---|---|")
    for n in (10_000, 100_000, 1_000_000):
        rows = drawn(n, 0, planted=0.3)
        started = time.process_time()
        halves = halved(rows, 0)
        between = time.process_time()
        confirm(halves, searched(halves))
        ended = time.process_time()
        parts = (between - started, ended - between, ended - started)
        shown = " | ".join(f"{seconds:.2f}" for seconds in parts)
        state = sum(table.nbytes for table in halves.tables.tables.values()) / 2**20
        print(f"| {n:,} | {shown} | {state:.1f} |", flush=True)
    _cost_of_a_pass(1_000_000)


def _cost_of_a_pass(n: int) -> None:
    """The check in an audit of a table of text, less the same audit without it."""
    import auditkit

    rows = drawn(n, 0, planted=0.3)
    frame = pd.DataFrame(
        {f"f{place}": np.array([f"level {i}" for i in range(SIZES[place])])[levels]
         for place, levels in enumerate(rows.levels)}
    )  # fmt: skip
    frame["score"] = np.random.default_rng(0).random(n)
    frame["y"] = ((frame["score"] >= 0.5) ^ rows.wrong).astype(int)
    model = auditkit.stored_predictions(
        {"score": "score"}, task="binary", outputs="probabilities", decision={"threshold": 0.5}
    )
    names = [*(f"f{place}" for place in range(len(SIZES))), "score"]
    seconds = {}
    # The first one is only there so that what is imported on first use is not counted.
    for rows_read, checks in (
        (1000, ("performance", "slices")),
        (n, ("performance",)),
        (n, ("performance", "slices")),
    ):
        table = frame.iloc[:rows_read]
        data = auditkit.dataset(evaluation=table, label="y", features=names)
        started = time.process_time()
        auditkit.audit(model, data, policy=None, quiet=True, checks=checks, batch_size=BATCH)
        seconds[checks[-1]] = time.process_time() - started
    more = seconds["slices"] - seconds["performance"]
    print(
        f"\nAn audit of {n:,} rows of text: {seconds['performance']:.1f} CPU s without the check, "
        f"{more:.1f} more with it."
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_score(cells: SliceCells, support: int, most: int) -> list[tuple[float, dict[int, int]]]:
    """The slices of the highest score, as SliceLine ranks them: nothing is left out."""
    found: list[tuple[float, dict[int, int]]] = []
    for places in cells.combinations():
        n, total, _ = cells.of(places)
        with np.errstate(all="ignore"):
            scores = np.where(n >= support, slice_line_score(n, total, cells.total), -np.inf)
        for cell in np.argsort(-scores, axis=None)[:most]:
            at = np.unravel_index(cell, scores.shape)
            found.append((float(scores[at]), dict(zip(places, map(int, at), strict=True))))
    return sorted(found, key=lambda pair: -pair[0])[:most]


def peer(patience: float) -> None:
    print("| rows | here, CPU s | sliceline, CPU s | sliceline, MiB | ratio | the same top 5 |")
    print("|---|---|---|---|---|---|")
    for n in (1_000, 3_000, 10_000, 30_000, 100_000):
        rows = drawn(n, 0, planted=0.3)
        support = max(n // 1000, SMALLEST)
        started = time.process_time()
        # Both search all rows here: SliceLine holds none out.
        ours = by_score(counted(rows, np.zeros(n, dtype=np.int64)).searched, support, 5)
        seconds = time.process_time() - started
        theirs = _sliceline(n, support, round(patience))
        if theirs is None:
            print(f"| {n:,} | {seconds:.2f} | not within {patience:.0f} s and 8 GiB | – | – | – |")
            return
        same = _same(ours, theirs["slices"])
        print(
            f"| {n:,} | {seconds:.2f} | {theirs['seconds']:.1f} | {theirs['mib']:,.0f} | "
            f"{theirs['seconds'] / seconds:,.0f} | {'yes' if same else 'no'} |",
            flush=True,
        )


def _same(ours: list[tuple[float, dict[int, int]]], theirs: list[list[float]]) -> bool:
    """Whether both have the same scores, largest first."""
    return all(
        math.isclose(one[0], other, rel_tol=1e-9)
        for one, other in zip(ours, sorted(theirs, reverse=True), strict=False)
    )


def _sliceline(n: int, support: int, patience: int) -> dict[str, Any] | None:
    """What sliceline found; None if it was ended, or had not enough memory."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (patience, patience))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))

    command = [sys.executable, __file__, "--sliceline", str(n), str(support)]
    done = subprocess.run(command, capture_output=True, preexec_fn=limited, text=True)
    ended = done.returncode in (-signal.SIGKILL, -signal.SIGXCPU)
    if ended or "MemoryError" in done.stderr:
        return None
    done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run_sliceline(n: int, support: int) -> None:
    from sliceline.slicefinder import Slicefinder

    rows = drawn(n, 0, planted=0.3)
    finder = Slicefinder(alpha=0.95, k=5, max_l=DEPTH, min_sup=support, verbose=False)
    before, started = _peak(), time.process_time()
    finder.fit(rows.levels.T + 1, rows.wrong.astype(float))
    seconds = time.process_time() - started
    scores = [float(one["slice_score"]) for one in finder.top_slices_statistics_]
    print(json.dumps({"seconds": seconds, "mib": _peak() - before, "slices": scores}))


def planted(repetitions: int) -> None:
    print(
        "| rows | sets | first 5 by test | confirmed | first 5 by effect |\n|---|---|---|---|---|"
    )
    for n in (1_000_000, 200_000, 50_000):
        ranks, confirmed, effect = [], 0, 0
        for seed in range(repetitions):
            halves = halved(drawn(n, seed, planted=0.3), seed)
            found = searched(halves)
            by_test = [one.pattern for one in found.by_test]
            ranks.append(by_test.index(PLANTED) + 1 if PLANTED in by_test else math.inf)
            confirmed += any(one.pattern == PLANTED for one in confirm(halves, found))
            effect += PLANTED in [one.pattern for one in found.by_effect[:5]]
        first = sum(rank <= 5 for rank in ranks)
        print(f"| {n:,} | {repetitions} | {first} | {confirmed} | {effect} |", flush=True)


def clean(repetitions: int) -> None:
    print("| rows | clusters | sets | with a candidate | with a confirmed slice | 95 % interval |")
    print("|---|---|---|---|---|---|")
    settings = [
        (5_000, 1, 0.0, repetitions),
        (50_000, 1, 0.0, repetitions),
        (1_000_000, 1, 0.0, max(repetitions // 20, 10)),
        (10_000, 20, 0.2, repetitions),
        (50_000, 20, 0.2, max(repetitions // 2, 10)),
    ]
    for n, cluster, spread, sets in settings:
        candidates = hits = 0
        for seed in range(sets):
            halves = halved(drawn(n, seed, cluster=cluster, spread=spread), seed)
            found = searched(halves)
            candidates += bool(found.by_test)
            hits += bool(confirm(halves, found))
        low, high = binomtest(hits, sets).proportion_ci()
        named = "none" if cluster == 1 else f"{n // cluster:,} of {cluster}, correlation {spread}"
        print(
            f"| {n:,} | {named} | {sets} | {candidates / sets:.1%} | {hits / sets:.1%} | "
            f"{low:.1%} to {high:.1%} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="cost, peer, planted, clean; all by default")
    parser.add_argument("--patience", type=float, default=90)
    parser.add_argument("--planted", type=int, default=20, help="sets with a planted slice")
    parser.add_argument("--clean", type=int, default=400, help="sets without one")
    parser.add_argument("--sliceline", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sliceline:
        run_sliceline(*arguments.sliceline)
        return
    parts = {
        "cost": cost,
        "peer": lambda: peer(arguments.patience),
        "planted": lambda: planted(arguments.planted),
        "clean": lambda: clean(arguments.clean),
    }
    for name in arguments.parts or parts:
        print(f"\n{name}\n", flush=True)
        parts[name]()


if __name__ == "__main__":
    main()
