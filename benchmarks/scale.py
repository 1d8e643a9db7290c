"""Ten million rows of Parquet through the income network: memory flat, time linear.

    python benchmarks/scale.py [--rows 1e5 1e6 1e7] [--folder DIR]

Each size runs in a process of its own. Memory is the peak resident size of that process less what
it held after its imports and the load of the model.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

INCOME = Path(__file__).parent.parent / "examples" / "income"
_ROW_GROUP = 100_000


def write_table(path: Path, rows: int) -> None:
    """The census table, drawn from with replacement."""
    from auditkit.packages import package_file

    census = pd.read_csv(
        package_file("package://xai/data/census.csv"), skipinitialspace=True, index_col=0
    )
    rng = np.random.default_rng(0)
    with pq.ParquetWriter(path, pa.Schema.from_pandas(census, preserve_index=False)) as writer:
        for start in range(0, rows, _ROW_GROUP):
            chosen = rng.integers(0, len(census), min(_ROW_GROUP, rows - start))
            part = pa.Table.from_pandas(census.iloc[chosen], preserve_index=False)
            writer.write_table(part)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(path: Path) -> None:
    """Audit one file in this process, and print rows, seconds and MiB over the imports."""
    import auditkit
    from auditkit.assembly import Code, build_model
    from auditkit.configuration import read_configuration

    configuration = read_configuration(INCOME / "audit.yaml")
    code = Code(INCOME, allowed=True)
    model, _ = build_model(configuration.model, code)
    declared = configuration.data
    data = auditkit.dataset(
        evaluation=str(path),
        label=declared.label,
        features=declared.features,
        groups={
            name: {"column": name, "reference": group.reference}
            for name, group in declared.groups.items()
        },
        intersections=declared.intersections,
    )
    auditkit.audit(model, auditkit.dataset(evaluation=_warm_up(path), **_same(data)), quiet=True)
    before, started = peak_mib(), time.perf_counter()
    record = auditkit.audit(model, data, quiet=True, batch_size=8192).record
    seconds = time.perf_counter() - started
    (units,) = [m.rows for m in record.measurements if m.key.metric == "performance.units"]
    print(f"| {units:,} | {seconds:.1f} | {units / seconds:,.0f} | {peak_mib() - before:.0f} |")


def _warm_up(path: Path) -> pd.DataFrame:
    """A thousand rows, so that what is imported on first use counts as import."""
    first = next(pq.ParquetFile(path).iter_batches(1000))
    return first.to_pandas()


def _same(data: object) -> dict[str, object]:
    columns = data.columns  # type: ignore[attr-defined]
    return {
        "label": columns.label,
        "features": columns.features,
        "groups": columns.groups,
        "intersections": columns.intersections,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.file is not None:
        run(arguments.file)
        return
    print("| rows | s | rows/s | MiB over imports |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for rows in map(int, arguments.rows):
            path = Path(folder) / f"{rows}.parquet"
            write_table(path, rows)
            subprocess.run([sys.executable, __file__, "--file", str(path)], check=True)
            path.unlink()


if __name__ == "__main__":
    main()
