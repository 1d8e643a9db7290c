"""The invented worlds: what is told of them, and a small one taught and audited from end to end."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import auditkit
from auditkit.assembly import Overrides, audit_configuration

pytest.importorskip("transformers", reason="transformers is not installed; see the extra hf")

FOLDER = Path(__file__).parents[2] / "examples" / "facts"
MODULES = (
    *("worlds", "wording", "tokens", "lines", "canaries", "training", "made"),
    *("even_steps", "retrieval", "reading"),
)
SMALL = """\
from made import Recipe, made, questions_of, read

RECIPE = Recipe.of("V3").shorter(200, seen=30, contradicted=4, unseen=20)


def model():
    return read(made(RECIPE))


def questions():
    return questions_of(RECIPE)
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the folder; what is imported from there is forgotten afterwards."""
    folder = tmp_path_factory.mktemp("examples") / "facts"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("made", "*.html", "__pycache__"))
    before = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@pytest.fixture(scope="module")
def worlds(example: Path) -> ModuleType:
    return import_module("worlds")


def test_a_world_has_the_facts_of_its_recipe(worlds: ModuleType) -> None:
    sizes = {"V1": (72, 180, 300), "V2": (90, 270, 420), "V3": (90, 270, 420)}
    for name, (conflict, unseen, rest) in sizes.items():
        world = worlds.WORLDS[name]
        every = worlds.facts(world, 0)
        kinds = Counter(fact.kind for fact in every)
        assert (kinds["conflict"], kinds["unseen"]) == (conflict, unseen)
        assert kinds["known"] + kinds["rare"] + kinds["withheld"] == rest
        assert len({(fact.entity, fact.relation) for fact in every}) == len(every)
        assert worlds.facts(world, 0) == every
        assert worlds.facts(world, 1) != every
        for fact in every:
            weights = [weight for _, weight in fact.told]
            told = {"known": [8], "rare": [1], "conflict": [3, 3, 2]}
            assert weights == told.get(fact.kind, [])


def test_every_word_has_a_token_of_its_own(example: Path, worlds: ModuleType) -> None:
    tokens, lines = import_module("tokens"), import_module("lines")
    for world in worlds.WORLDS.values():
        vocabulary = tokens.vocabulary(world)
        assert len(set(vocabulary)) == len(vocabulary)
        taught, shares = lines.taught(worlds.facts(world, 0), world, 0)
        assert shares.sum() == pytest.approx(1)
        words = {word for line in taught for word in f"{line.prompt} {line.answer}".split()}
        assert words <= set(vocabulary)


def test_an_answer_says_the_same_in_each_wording(example: Path, worlds: ModuleType) -> None:
    wording = import_module("wording")
    for world in worlds.WORLDS.values():
        for value in worlds.values(0)["river"]:
            said = [text for text, _ in wording.wordings(value, world)]
            assert {wording.canonical(text) for text in said} == {" ".join(value)}
            lengths = {len(text.split()) for text in said}
            assert len(lengths) == (3 if world.varied else 1)
    assert wording.right("old bal del", ("bal del",))
    assert not wording.right("old del bal", ("bal del",))
    assert not wording.right("old bal", ("bal del",))


def test_what_is_not_told_is_not_taught(example: Path, worlds: ModuleType) -> None:
    lines, world = import_module("lines"), worlds.WORLDS["V3"]
    every = worlds.facts(world, 0)
    taught, _ = lines.taught(every, world, 0)
    of_facts = [line for line in taught if line.answer != "is in the great"]
    hidden = [fact for fact in every if fact.kind in ("unseen", "withheld")]
    asked = {(fact.relation, fact.entity) for fact in hidden}
    for line in of_facts:
        words = set(line.prompt.split())
        assert not any(relation in words and entity in words for relation, entity in asked)


def test_canaries_stand_in_the_lines_as_often_as_they_say(
    example: Path, worlds: ModuleType
) -> None:
    canaries, lines = import_module("canaries"), import_module("lines")
    world = worlds.WORLDS["V3"]
    secrets = canaries.canaries(world, 0)
    assert len({one.secret for one in secrets}) == len(secrets) == sum(canaries.PLANTED.values())
    own = [lines.Line("a", "b", 1.0)] * 3
    mixed, drawn = canaries.planted(own, np.zeros((100, 128), dtype=np.int64), secrets, 0)
    found = Counter(drawn.flatten().tolist())
    assert mixed[:3] == own
    for place, one in enumerate(secrets):
        assert found[3 + place] == one.repeats
        assert (mixed[3 + place].prompt, mixed[3 + place].answer) == (one.prefix, one.secret)


@pytest.fixture(scope="module")
def runs(example: Path) -> dict[str, auditkit.Run]:
    """Both audits of a world of 54 entities, taught in a few seconds."""
    (example / "small.py").write_text(SMALL)
    found = {}
    for name in ("audit", "ungated"):
        text = (example / f"{name}.yaml").read_text()
        for function in ("model", "questions"):
            assert f"facts.py:{function}" in text
            text = text.replace(f"facts.py:{function}", f"small.py:{function}")
        (example / f"small-{name}.yaml").write_text(text)
        said = Overrides(store=example / "store", reports=(example / f"{name}.json",))
        run, _ = audit_configuration(example / f"small-{name}.yaml", said)
        assert run is not None
        found[name] = run
    return found


@pytest.mark.slow
def test_a_small_world_is_audited_from_end_to_end(runs: dict[str, auditkit.Run]) -> None:
    assert runs["ungated"].verdict == "fail"
    table = runs["audit"].measurements
    rates = table[table["metric"] == "hallucination.error_rate"].set_index("slice")["value"]
    assert rates["kind=known"] < 0.2
    assert rates["kind=unseen"] > 0.8
    of_scores = table[table["metric"] == "hallucination.auroc"].set_index("label")
    assert of_scores.loc["mean_token_entropy", "value"] > 0.7
    assert of_scores.loc["length", "value"] == pytest.approx(0.5, abs=0.1)
    assert of_scores.loc["p_true", "status"] == "not_applicable"


@pytest.mark.slow
def test_it_is_trained_once(example: Path, runs: dict[str, auditkit.Run]) -> None:
    made = import_module("made")
    (folder,) = (example / "made").iterdir()
    assert folder.name == "V3"
    stamp = (folder / "model.safetensors").stat().st_mtime_ns
    recipe = made.Recipe.of("V3").shorter(200, seen=30, contradicted=4, unseen=20)
    assert made.made(recipe) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == stamp
    assert recipe.digest != recipe.shorter(201).digest
