"""A world as it lies on disk: trained once, and read from there as long as the recipe stays."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from canaries import canaries, canary_rows, extraction_rows, planted
from lines import taught
from safetensors.torch import save_model
from tokens import tokenizer
from training import SCHEDULES, Schedule, build, draws, train
from wording import asked
from worlds import WORLDS, World, facts

from auditkit.models.generators.quiet import without_bars

HERE = Path(__file__).parent
_SOURCES = ("worlds.py", "wording.py", "tokens.py", "lines.py", "canaries.py", "training.py")
_ASKED = (0, 1)


@dataclass(frozen=True)
class Recipe:
    """What a model is taught, and how.

    Attributes:
        world: of which it learns.
        kind: `llama` or `gpt2`.
        schedule: how long, and how fast.
        seed: of the facts, the lines and the weights.
        secrets: whether canaries are planted.
    """

    world: World
    kind: str
    schedule: Schedule
    seed: int = 0
    secrets: bool = False

    @classmethod
    def of(cls, name: str, kind: str = "llama", seed: int = 0, *, secrets: bool = False) -> Recipe:
        """The recipe of a world by its name."""
        return cls(WORLDS[name], kind, SCHEDULES[name, kind], seed, secrets)

    def shorter(self, steps: int, **sizes: int) -> Recipe:
        """The same with fewer steps and a smaller world."""
        return replace(
            self, world=replace(self.world, **sizes), schedule=replace(self.schedule, steps=steps)
        )

    @property
    def digest(self) -> str:
        """Of all this, and of the code that carries it out."""
        found = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for name in _SOURCES:
            found.update((HERE / name).read_bytes())
        return found.hexdigest()

    @property
    def folder(self) -> str:
        """What its folder is called."""
        parts = [self.world.name, *([self.kind] if self.kind != "llama" else [])]
        parts += [f"seed{self.seed}"] if self.seed else []
        return "-".join([*parts, *(["secrets"] if self.secrets else [])])


def questions_of(recipe: Recipe) -> pd.DataFrame:
    """What is asked of a model: every fact of the world, in two wordings."""
    return pd.DataFrame(
        [
            {
                "prompt": asked(fact, wording),
                "answer": " ".join(fact.answer),
                "entity": fact.entity,
                "kind": fact.kind,
                "relation": fact.relation,
                "wording": f"wording {wording + 1}",
            }
            for fact in facts(recipe.world, recipe.seed)
            for wording in _ASKED
        ]
    )


def trained(recipe: Recipe) -> tuple[Any, Any]:
    """A model taught by the recipe, and its tokenizer; the same each time."""
    words, seed = tokenizer(recipe.world), recipe.seed
    lines, shares = taught(facts(recipe.world, seed), recipe.world, seed)
    drawn = draws(shares, recipe.schedule.steps, seed)
    if recipe.secrets:
        lines, drawn = planted(lines, drawn, canaries(recipe.world, seed), seed)
    network = build(recipe.kind, words, seed)
    return train(network, words, lines, drawn, recipe.schedule.rate), words


def made(recipe: Recipe, place: Path | None = None) -> Path:
    """The folder of a model, trained now unless it lies there already.

    It holds the model (safetensors) with its tokenizer, `questions.csv`, and with secrets the
    tables `canaries.csv`, `extraction.csv` and `extraction_control.csv`.

    Args:
        recipe: of the model.
        place: where its folder belongs; `made/` beside this file by default.
    """
    place = HERE / "made" if place is None else place
    folder, stamp = place / recipe.folder, "recipe.txt"
    if (folder / stamp).is_file() and (folder / stamp).read_text() == recipe.digest:
        return folder
    # Written aside first: what was broken off half-way is never taken for a model.
    aside = place / f"{recipe.folder}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    network, words = trained(recipe)
    network.config.save_pretrained(aside)
    save_model(network, str(aside / "model.safetensors"), {"format": "pt"})
    words.save_pretrained(aside)
    for name, rows in _tables(recipe).items():
        rows.to_csv(aside / f"{name}.csv", index=False)
    (aside / stamp).write_text(recipe.digest)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return folder


def _tables(recipe: Recipe) -> dict[str, pd.DataFrame]:
    tables = {"questions": questions_of(recipe)}
    if recipe.secrets:
        every = facts(recipe.world, recipe.seed)
        told = {"extraction": True, "extraction_control": False}
        tables["canaries"] = pd.DataFrame(canary_rows(canaries(recipe.world, recipe.seed)))
        for name, which in told.items():
            tables[name] = pd.DataFrame(extraction_rows(every, recipe.world, told=which))
    return tables


def read(folder: Path) -> tuple[Any, Any]:
    """The model of a folder and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with without_bars():
        return (
            AutoModelForCausalLM.from_pretrained(folder, local_files_only=True),
            AutoTokenizer.from_pretrained(folder, local_files_only=True),
        )
