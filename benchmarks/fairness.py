"""Group metrics and their intervals beside Fairlearn, Aequitas, pandas and scikit-learn.

    OMP_NUM_THREADS=1 python benchmarks/fairness.py [--aequitas PYTHON] [--only PART]

One thread, CPU time (`process_time`), peers in the same run on the same arrays. Aequitas needs an
older pandas, so it has an environment of its own, whose Python is PYTHON, and reads its table from
a file before its clock starts:

    python -m venv aequitas-env && aequitas-env/bin/pip install aequitas==1.1.0

What is extrapolated says so: Fairlearn's bootstrap of 1,000 replicates would take half an hour.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from auditkit.fairness import CountCube, count_cube
from auditkit.fairness.metrics import auc_slack

METRICS = ["selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "count"]
SCORED = ["auc", "squared_calibration_error"]
Table = dict[str, Any]


def seconds(work: Callable[[], Any], rounds: int = 1) -> float:
    """The median of the rounds' CPU times."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


def decisions(n: int, seed: int = 0) -> Table:
    """Random decisions of two attributes, 2 × 5 groups."""
    rng = np.random.default_rng(seed)
    groups = {"sex": rng.integers(0, 2, n), "ethnicity": rng.integers(0, 5, n)}
    y_true = rng.integers(0, 2, n)
    y_pred = (rng.random(n) < 0.3 + 0.3 * y_true).astype(np.int64)
    return {"y_true": y_true, "y_pred": y_pred, "sensitive_features": pd.DataFrame(groups)}


def as_text(table: Table) -> Table:
    """The same with both attributes joined in one column of text."""
    groups = groups_of(table).astype(str)
    joined = groups["sex"] + " and " + groups["ethnicity"]
    return {**table, "sensitive_features": pd.DataFrame({"group": joined})}


def ours(table: Table) -> tuple[CountCube, Any]:
    cube = count_cube(**table)
    values = [cube.by_group(METRICS), cube.overall(METRICS)]
    for method in ("between_groups", "to_overall"):
        values += [cube.difference(METRICS, method=method), cube.ratio(METRICS, method=method)]
    return cube, values


def theirs(table: Table, **more: Any) -> Any:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score

    functions = {name: getattr(metrics, name, accuracy_score) for name in METRICS}
    return metrics.MetricFrame(metrics=functions, **table, **more)


def grouped(table: Table) -> pd.DataFrame:
    """The same metrics by a plain pandas crosstab: what a careful user writes by hand."""
    groups = [table["sensitive_features"][name] for name in table["sensitive_features"]]
    y_true, y_pred = (pd.Series(table[name], name=name) for name in ("y_true", "y_pred"))
    cells = pd.crosstab(groups, [y_true, y_pred])
    n, predicted = cells.sum(axis=1), cells.T.groupby(level=1).sum().T[1]
    return pd.DataFrame(
        {
            "selection_rate": predicted / n,
            "true_positive_rate": cells[1][1] / cells[1].sum(axis=1),
            "false_positive_rate": cells[0][1] / cells[0].sum(axis=1),
            "accuracy": (cells[0][0] + cells[1][1]) / n,
            "count": n,
        }
    )


def line(work: str, own: float, peer: float, goal: str, note: str = "") -> None:
    ratio = f"{peer / own:,.0f}×" if peer >= 10 * own else f"{peer / own:.1f}×"
    print(f"| {work} | {own:.5f} | {peer:.4g} | {ratio} | {goal} | {note} |", flush=True)


def heading() -> None:
    print("\n| work | ours, s | peer, s | ratio | goal | note |\n|---|---|---|---|---|---|")


def five_metrics(aequitas: str | None, rows: int) -> None:
    table = decisions(rows)
    _, values = ours(table)
    own = seconds(lambda: ours(table), 9)
    peer = seconds(lambda: theirs(table))
    frame = theirs({name: part[:100_000] for name, part in table.items()})
    part = count_cube(**{name: part[:100_000] for name, part in table.items()})
    gap = float((part.by_group(METRICS) - frame.by_group).abs().to_numpy().max())
    line(f"five metrics, {rows:,} rows: Fairlearn MetricFrame", own, peer, "≥ 500×",
         f"largest gap {gap:.1g} at 100,000 rows")  # fmt: skip
    by_group = seconds(lambda: count_cube(**table).by_group(METRICS), 9)
    by_hand = seconds(lambda: grouped(table), 5)
    gap = float((values[0] - grouped(table)).abs().to_numpy().max())
    line("by group alone: pandas.crosstab by hand", by_group, by_hand, "", f"largest gap {gap:.1g}")
    text = as_text(table)
    line("the same, the group as one column of text: crosstab by hand",
         seconds(lambda: count_cube(**text).by_group(METRICS), 9),
         seconds(lambda: grouped(text), 3), "")  # fmt: skip
    if aequitas is None:
        print("| Aequitas: no environment was given | | | | ≥ 10× | |")
        return
    found = of_aequitas(aequitas, text)
    gap = max(
        abs(found[name][metric] - row[metric])
        for name, row in count_cube(**text).by_group(METRICS).iterrows()
        for metric in METRICS[1:3]
    )
    for name, given in (
        ("two columns of numbers", table),
        ("two categoricals", {**table, "sensitive_features": groups_of(table).astype("category")}),
        ("one column of text, as it gets", text),
    ):
        line(f"by group alone, groups as {name}: Aequitas {found['version']} crosstab",
             seconds(lambda given=given: count_cube(**given).by_group(METRICS), 9),
             found["seconds"], "≥ 10×", f"largest gap {gap:.1g}")  # fmt: skip


def groups_of(table: Table) -> pd.DataFrame:
    found: pd.DataFrame = table["sensitive_features"]
    return found


_AEQUITAS = """
import json, sys, time
import pandas as pd
from importlib.metadata import version
from aequitas.group import Group
table = pd.read_parquet(sys.argv[1])
times = []
for _ in range(3):
    started = time.process_time()
    found, _ = Group().get_crosstabs(table, attr_cols=["group"])
    times.append(time.process_time() - started)
rows = found.set_index("attribute_value")
json.dump({"seconds": sorted(times)[1], "version": version("aequitas"), **{
    name: {"true_positive_rate": row["tpr"], "false_positive_rate": row["fpr"]}
    for name, row in rows.iterrows()}}, sys.stdout)
"""


def of_aequitas(python: str, table: Table) -> dict[str, Any]:
    """Its crosstab of one column of text: it joins no attributes, and takes no numbers."""
    frame = pd.DataFrame({"score": table["y_pred"], "label_value": table["y_true"]})
    frame["group"] = groups_of(table)["group"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame.to_parquet(path)
        command = [python, "-W", "ignore", "-c", _AEQUITAS, str(path)]
        result = subprocess.run(command, capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(result.stdout[result.stdout.index("{") :])
    return found


def bootstrap(rows: int, replicates: int) -> None:
    table = decisions(rows)
    cube, _ = ours(table)

    def resamples() -> None:
        found = cube.replicates(METRICS, number=1000)
        found.by_group(0.025, 0.975), found.of_overall(0.025, 0.975)
        for method in ("between_groups", "to_overall"):
            found.difference(0.025, 0.975, method=method)
            found.ratio(0.025, 0.975, method=method)

    own = seconds(resamples, 5)
    with_counting = own + seconds(lambda: ours(table), 5)
    plain = seconds(lambda: theirs(table))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        some = seconds(lambda: theirs(table, n_boot=replicates, ci_quantiles=[0.025, 0.975]))
    peer = (some - plain) / replicates * 1000
    line(f"1,000 replicates of all metrics, {rows:,} rows: Fairlearn n_boot", own, peer,
         "≥ 10,000×", f"extrapolated from {replicates}; with counting ours is "
         f"{with_counting:.4f} s, {peer / with_counting:,.0f}×")  # fmt: skip
    closed = seconds(lambda: [cube.intervals(m, reference=(0, 0)) for m in METRICS[:4]], 5)
    line("the same: our closed intervals against a reference", closed, peer, "")
    costs = {}
    for n in (10_000, 10_000_000):
        cube, _ = ours(decisions(n))
        costs[n] = (
            seconds(lambda cube=cube: cube.replicates(METRICS, number=1000), 9),
            seconds(lambda cube=cube: [cube.intervals(m) for m in METRICS[:4]], 9),
        )
    for at, name in enumerate(("1,000 replicates", "closed intervals")):
        small, large = costs[10_000][at], costs[10_000_000][at]
        print(f"| {name} of 1e7 rows over 1e4 rows | {large:.5f} | {small:.5f} (ours at 1e4) | "
              f"{large / small:.2f} | ≤ 1.5 | |", flush=True)  # fmt: skip


_MEMORY = """
import os, resource, sys
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np, pandas as pd
sys.path.insert(0, sys.argv[2])
from fairness import METRICS, decisions, ours, scored
from auditkit.fairness import count_cube
kind, n = sys.argv[1], 10_000_000
ours(decisions(1000)); count_cube(**scored(1000)).by_group()
def column(k, seed, type_=np.int64):
    return np.random.default_rng(seed).integers(0, k, n, dtype=type_)
table = {"y_true": column(2, 0), "y_pred": column(2, 1)}
if kind == "text":
    groups = {"a": pd.Categorical.from_codes(column(2, 2, np.int8), ["f", "m"]).astype(object)}
else:
    groups = {"a": column(2, 2), "b": column(5, 3)}
table["sensitive_features"] = groups
if kind == "scores":
    table["scores"] = np.random.default_rng(4).random(n)
def peak():
    for text in open("/proc/self/status"):
        if text.startswith("VmHWM"):
            return int(text.split()[1]) / 1024
# What making the columns took at its peak is forgotten.
open("/proc/self/clear_refs", "w").write("5")
before = peak()
cube = count_cube(**table)
cube.by_group(METRICS), cube.replicates(METRICS, number=1000)
print(peak() - before)
"""


# What an audit's pass holds of groups × score cells × blocks × outcomes: 2.5 million cells.
_SPARSE = """
import torch
from auditkit.evidence.sparse_accumulators import count_accumulator
sizes, met, n = (10, 1920, 64, 2), (10, 192, 64, 2), 8192
random = torch.Generator().manual_seed(0)
def batch():
    return [torch.randint(0, size, (n,), generator=random) for size in met]
def peak():
    for text in open("/proc/self/status"):
        if text.startswith("VmHWM"):
            return int(text.split()[1]) / 1024
warm = count_accumulator("abcd", sizes, torch.device("cpu"))
warm.add(batch(), sizes, n), warm.occupied(sizes)
del warm
before = peak()
counts = count_accumulator("abcd", sizes, torch.device("cpu"))
for _ in range(10_000_000 // n):
    counts.add(batch(), sizes, n)
counts.occupied(sizes)
print(peak() - before)
"""


def memory() -> None:
    for kind in ("numbers", "text", "scores", "an audit's sparse cube"):
        script = _SPARSE if kind.endswith("cube") else _MEMORY
        command = [sys.executable, "-c", script, kind, str(Path(__file__).parent)]
        result = subprocess.run(command, capture_output=True, check=True, text=True)
        extra = float(result.stdout)
        print(f"| extra memory at 1e7 rows, MiB: {kind} | {extra:.0f} | | | ≤ 64 | |", flush=True)


def scored(n: int, seed: int = 0) -> Table:
    """Scores of ten groups of very different size."""
    rng = np.random.default_rng(seed)
    group = rng.choice(10, n, p=np.array([30, 20, 15, 10, 8, 6, 5, 3, 2, 1]) / 100)
    scores = rng.beta(1.5 + group / 10, 3, n)
    y_true = (rng.random(n) < scores).astype(np.int64)
    return {
        "y_true": y_true,
        "y_pred": (scores >= 0.5).astype(np.int64),
        "scores": scores,
        "sensitive_features": pd.Series(group, name="group"),
    }


def by_rows(table: Table, rows: np.ndarray) -> Iterator[tuple[float, float]]:
    """AUC by scikit-learn and the debiased squared calibration error of each group, from rows."""
    from sklearn.metrics import roc_auc_score

    truth, scores = table["y_true"][rows], table["scores"][rows]
    group = table["sensitive_features"].to_numpy()[rows]
    for level in range(10):
        mine = group == level
        t, s = truth[mine], scores[mine]
        bins = np.minimum((s * 15).astype(int), 14)
        n = np.bincount(bins, minlength=15)
        right, total = (np.bincount(bins, weights=w, minlength=15) for w in (t, s))
        used = n > 1
        n, right, total = n[used], right[used], total[used]
        chance = (right / n) * (1 - right / n) / (n - 1)
        error = float((n * (((right - total) / n) ** 2 - chance)).sum() / n.sum())
        yield float(roc_auc_score(t, s)), error


def of_scores(rows: int, replicates: int) -> None:
    table = scored(rows)
    everything = np.arange(rows)
    exact = np.array(list(by_rows(table, everything)))
    cube = count_cube(**table)
    found = cube.by_group(SCORED).to_numpy()
    slack = auc_slack(cube.tables)
    gaps = np.abs(found - exact)
    assert (gaps[:, 0] <= slack).all()

    def all_of_it() -> None:
        cube = count_cube(**table)
        cube.by_group(SCORED)
        cube.replicates(SCORED, number=200).by_group(0.025, 0.975)

    rng = np.random.default_rng(1)
    own = seconds(all_of_it, 3)
    point = seconds(lambda: list(by_rows(table, everything)))
    some = seconds(
        lambda: [list(by_rows(table, rng.integers(0, rows, rows))) for _ in range(replicates)]
    )
    peer = point + some / replicates * 200
    note = (
        f"extrapolated from {replicates}; AUC off by {gaps[:, 0].max():.1g} at most, stated bound "
        f"{slack.max():.1g}; calibration by {gaps[:, 1].max():.1g}"
    )
    line(f"AUC and calibration of 10 groups, 200 replicates, {rows:,} rows: scikit-learn on rows",
         own, peer, "≥ 30×", note)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aequitas", help="the Python of an environment with Aequitas")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--replicates", type=int, default=3, help="of the peers, to extrapolate")
    parser.add_argument("--only", choices=("metrics", "bootstrap", "memory", "scores"))
    arguments = parser.parse_args()
    heading()
    parts: dict[str, Callable[[], None]] = {
        "metrics": lambda: five_metrics(arguments.aequitas, arguments.rows),
        "bootstrap": lambda: bootstrap(100_000, arguments.replicates),
        "memory": memory,
        "scores": lambda: of_scores(500_000, arguments.replicates),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()


if __name__ == "__main__":
    main()
