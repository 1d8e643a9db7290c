"""What two processes do together; `test_torchrun.py` starts it and compares with one process.

Every scenario runs in both processes; rank r writes what it saw to `<folder>/<scenario>.<r>.json`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import nn
from torch.utils.data import Dataset as TorchDataset

from auditkit.data import dataset, torch_data
from auditkit.errors import AuditkitError
from auditkit.evidence import (
    AttributionNeed,
    CountNeed,
    FingerprintNeed,
    LocalEngine,
    Options,
    RowNeed,
    SplitNeed,
    SumNeed,
    ViewKey,
    make_plan,
)
from auditkit.evidence.generation_needs import GenerationNeed
from auditkit.evidence.merging import to_bytes
from auditkit.evidence.needs import PREDICTION, RANK_CELL, TARGET, feature, group
from auditkit.evidence.torchrun import TorchrunEngine, started_by_torchrun
from auditkit.explain import Wishes
from auditkit.generation.settings import GenerationSettings, Sampling
from auditkit.models import wrap
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.wrapped import WrappedGenerator
from tests.evidence.passes import subject_of

ROWS = 200
NEEDS = (
    CountNeed(ViewKey(""), (PREDICTION, TARGET, group("town"))),
    CountNeed(ViewKey(""), (RANK_CELL, TARGET)),
    SumNeed(ViewKey(""), "log_loss", (group("town"),)),
    AttributionNeed("", Wishes(units=12)),
    RowNeed(ViewKey(""), (PREDICTION, group("town")), ("log_loss",), rows=50),
    RowNeed(ViewKey(""), (PREDICTION,), ("log_loss",), rows=50, salt=bytes(range(32))),
    FingerprintNeed(rows=120),
)
ASKED = (GenerationNeed(frozenset({"samples"})), CountNeed(None, (group("town"),)))
"""What is asked of a model that answers with text."""
EDGES = {"age": (0.2, 0.7), "town": None}


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "age": rng.random(ROWS).astype(np.float32),
            "pay": rng.random(ROWS).astype(np.float32),
            "y": rng.integers(0, 2, ROWS),
            # Each fragment brings towns that no other has.
            "town": [f"town {row // 30}" for row in range(ROWS)],
            "person": rng.integers(0, 60, ROWS),
            "prompt": [f"what is in row {row}" for row in range(ROWS)],
        }
    )


def model():
    torch.manual_seed(0)
    return wrap(
        nn.Linear(2, 1), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )


def frame_model():
    torch.manual_seed(0)
    return wrap(
        nn.Linear(2, 1), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        preprocess=lambda frame: torch.tensor(frame[["age", "pay"]].to_numpy(np.float32)),
    )  # fmt: skip


def of_table(folder: Path, frame: pd.DataFrame, name: str):
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise FileNotFoundError(path)
    return dataset(
        evaluation=str(path), label="y", features=("age", "pay", "town"), groups=("town",),
        cluster="person", row_id="id",
    )  # fmt: skip


def write_tables(folder: Path) -> None:
    """The tables of all scenarios, each in several row groups."""
    doubled, unknown = people(), people()
    doubled.loc[ROWS - 1, "id"] = 0
    unknown.loc[190, "y"] = 7
    for name, frame in (("table", people()), ("doubled", doubled), ("unknown", unknown)):
        pq.write_table(pa.Table.from_pandas(frame), folder / f"{name}.parquet", row_group_size=45)


class Items(TorchDataset):
    def __init__(self, broken: int | None = None) -> None:
        self.frame = people()
        self.broken = broken

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int):
        if index == self.broken:
            raise ValueError(f"item {index} cannot be read")
        row = self.frame.iloc[index]
        inputs = torch.tensor([row["age"], row["pay"]], dtype=torch.float32)
        return inputs, int(row["y"]), {"town": row["town"], "person": int(row["person"])}


def run(engine: Any, data: Any, model: Any, needs: tuple, edges: dict) -> tuple[bytes, Any]:
    subject = subject_of(model, data.columns)
    plan = make_plan([SplitNeed("evaluation", need) for need in needs], subject)
    options = Options(batch_size=32, edges=edges, quiet=True)
    # As an audit does: a first look at the data, which reads them all if they are few.
    for fragment in data["evaluation"].fragments()[:2]:
        list(data["evaluation"].batches(fragment, 64))
    with model.opened():
        found = engine.run(plan, subject, model, data, options)["evaluation"]
    (attributions,) = found.attributions.values()
    return to_bytes(found, plan.splits["evaluation"]), attributions.maps[
        "integrated_gradients"
    ].values[0]


def parrot(prompts: list[str], samples: int) -> list[list[tuple[str, list[float]]]]:
    """Answers that depend on the prompt alone."""
    return [[(text, [-len(text) / 8.0]), *[(f"{text} {i}", [-1.0]) for i in range(samples)]]
            for text in prompts]  # fmt: skip


def answer(engine: Any, folder: Path) -> tuple[bytes, Any]:
    model = WrappedGenerator(texts=FunctionSource(parrot))
    data = dataset(
        evaluation=str(folder / "table.parquet"), features=("prompt",), groups=("town",),
        cluster="person", row_id="id",
    )  # fmt: skip
    settings = GenerationSettings(sampling=Sampling(samples=2))
    subject = subject_of(model, data.columns, generation=settings)
    plan = make_plan([SplitNeed("evaluation", need) for need in ASKED], subject)
    with model.opened():
        found = engine.run(plan, subject, model, data, Options(batch_size=32, quiet=True))
    return to_bytes(found["evaluation"], plan.splits["evaluation"]), np.zeros(0)


def of_features(needs: tuple) -> tuple:
    return (*needs, CountNeed(None, (feature("age"),)), CountNeed(None, (feature("town"),)))


def scenarios(folder: Path) -> dict[str, Any]:
    def tabular(name: str):
        return lambda engine: run(
            engine, of_table(folder, people(), name), frame_model(), of_features(NEEDS), EDGES
        )

    def items(broken: int | None = None):
        def job(engine: Any) -> tuple[bytes, Any]:
            data = dataset(evaluation=Items(broken), groups=("town",), cluster="person")
            return run(engine, data, model(), NEEDS, {})

        return job

    return {
        "table": tabular("table"),
        "items": items(),
        "doubled": tabular("doubled"),
        "unknown": tabular("unknown"),
        "broken": items(broken=195),
        "after": items(),
        "prompts": lambda engine: answer(engine, folder),
    }


def outcome(job: Any, engine: Any) -> dict[str, Any]:
    try:
        data, attributions = job(engine)
    except (AuditkitError, ValueError) as error:
        return {"error": type(error).__name__, "said": str(error)}
    return {"evidence": data.hex(), "attributions": attributions.tolist()}


def main(folder: Path) -> None:
    assert started_by_torchrun()
    torch.set_num_threads(1)
    # In this process alone: pytest imports this file too.
    torch_data.LEAST_RANGE = 16
    engine = TorchrunEngine()
    shared = [engine.shared("what rank 0 says" * engine.primary), engine.shared("")]
    (folder / f"shared.{engine.rank}.json").write_text(json.dumps(shared))
    for name, job in scenarios(folder).items():
        seen = {"primary": engine.primary, "workers": engine.workers, **outcome(job, engine)}
        (folder / f"{name}.{engine.rank}.json").write_text(json.dumps(seen))
    if engine.rank == 1:
        os._exit(0)
    lost = outcome(scenarios(folder)["table"], engine)
    (folder / "lost.0.json").write_text(json.dumps(lost))
    os._exit(0)  # there is nobody left to take leave of


def alone(folder: Path, name: str) -> dict[str, Any]:
    return outcome(scenarios(folder)[name], LocalEngine())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
