"""Judges read from a local folder: tiny random encoders, whose answers are faked where needed."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from auditkit.errors import ConfigurationError
from auditkit.generation.equivalence.clusters import Pair
from auditkit.generation.equivalence.entailment import EntailmentJudge, refuse_classifier
from auditkit.generation.equivalence.local_models import local_model
from auditkit.generation.equivalence.nearness import EmbeddingJudge, embedded
from auditkit.generation.settings import Matching
from tests.generation.equivalence.test_judging import classes

transformers = pytest.importorskip("transformers")

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", "paris", "rome", "capital")
LABELS = {0: "contradiction", 1: "neutral", 2: "entailment"}


def saved(folder: Path, *, labels: dict[int, str] | None, longest: int = 32) -> str:
    """A tiny BERT with a word tokenizer; a classifier where it has labels."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=longest,
    )  # fmt: skip
    torch.manual_seed(0)
    if labels is None:
        network = transformers.BertModel(config)
    else:
        config.id2label, config.num_labels = labels, len(labels)
        network = transformers.BertForSequenceClassification(config)
    network.save_pretrained(folder)
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("encoders") / "nli", labels=LABELS)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("encoders") / "encoder", labels=None, longest=16)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a judge called the network")

    monkeypatch.setattr(socket.socket, "connect", refused)


def faked(judge: EntailmentJudge, entails: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let the classifier say what `entails(premise, hypothesis)` says; what it was asked."""
    asked: list[Any] = []
    model = judge._model

    class Network:
        def parameters(self) -> Any:
            return iter(())

        def __call__(self, **batch: Any) -> Any:
            return type("Output", (), {"logits": self.logits})

    network = Network()

    def encoded(self: Any, first: list[str], second: list[str]) -> Any:
        asked.append(list(zip(first, second, strict=True)))
        network.logits = torch.tensor(  # type: ignore[attr-defined]
            [[0.0, 1.0, 2.0 * entails(one, two)] for one, two in asked[-1]]
        )
        return transformers.BatchEncoding({}), [len(one) > 20 for one in first]

    monkeypatch.setattr(type(model), "encoded", encoded)
    object.__setattr__(model, "network", network)
    return asked


def test_both_directions_must_entail(nli: str, monkeypatch: pytest.MonkeyPatch) -> None:
    local_model.cache_clear()
    judge = EntailmentJudge(nli)
    asked = faked(judge, lambda one, two: set(two.split()) <= set(one.split()), monkeypatch)
    pairs = [Pair.of("q", "a b", "a"), Pair.of("q", "a b", "b a"), Pair.of("q", "c", "d")]
    assert [one.same for one in judge.judge(pairs)] == [False, True, False]
    # "a" does not entail "a b", so that the way back of it and of (c, d) is never asked.
    assert [len(batch) for batch in asked] == [3, 1]
    assert ("q a b", "q b a") in asked[0]
    judge.judge(pairs)
    assert len(asked) == 2
    local_model.cache_clear()


def test_many_pairs_go_in_batches(nli: str, monkeypatch: pytest.MonkeyPatch) -> None:
    local_model.cache_clear()
    judge = EntailmentJudge(nli)
    asked = faked(judge, lambda one, two: False, monkeypatch)
    pairs = [Pair.of("x" * 30 * (place % 2), f"a{place}", "b") for place in range(150)]
    found = judge.judge(pairs)
    assert [len(batch) for batch in asked] == [64, 64, 22]
    assert [one.truncated for one in found] == [bool(place % 2) for place in range(150)]
    local_model.cache_clear()


def test_a_random_classifier_is_read_and_judges_alike_in_any_batch(nli: str) -> None:
    pairs = [Pair.of("capital", one, two) for one in "abcd" for two in "efgh"]
    together = EntailmentJudge(nli).judge(pairs)
    apart = [EntailmentJudge(nli).judge([pair])[0] for pair in pairs]
    assert together == apart


def test_what_had_to_be_cut_is_counted(nli: str) -> None:
    found = classes([["a " * 40, "b"], ["a", "b"]], Matching("nli", folder=nli))
    assert found is not None
    assert found.counts == {"pairs": 2, "truncated": 1}
    assert found.judge == "each entails the other, by a classifier of inference"


def test_embeddings_are_means_over_tokens_and_know_no_padding(encoder: str) -> None:
    model = local_model(encoder, "AutoModel", "folder")
    together, cut = embedded(model, ["a b", "paris rome capital a b c"])
    alone, _ = embedded(model, ["a b"])
    assert np.allclose(together[0], alone[0], atol=1e-5)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
    assert cut == [False, False]
    batch = model.tokenizer(["a b"], return_tensors="pt")
    with torch.inference_mode():
        mean = model.network(**batch).last_hidden_state[0].mean(dim=0)
    assert np.allclose(alone[0], (mean / mean.norm()).numpy(), atol=1e-5)


def test_nothing_is_printed_while_an_encoder_is_read(
    encoder: str, capfd: pytest.CaptureFixture[str]
) -> None:
    local_model(encoder, "AutoModel", "a folder of its own")
    assert capfd.readouterr() == ("", "")


def test_of_weights_that_are_missing_only_the_error_is_told(
    encoder: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    level = logging.get_verbosity()
    with pytest.raises(ConfigurationError, match="random numbers"):
        local_model(encoder, "AutoModelForSequenceClassification", "one more folder")
    assert capfd.readouterr() == ("", "")
    assert logging.get_verbosity() == level


def test_near_embeddings_are_of_one_class(encoder: str) -> None:
    everything = classes([["Paris", "paris", "rome"]], Matching("embedding", -1.0, encoder))
    nothing = classes([["Paris", "paris", "rome"]], Matching("embedding", 0.99999, encoder))
    assert everything is not None
    assert nothing is not None
    assert everything.of[0].tolist() == [0, 0, 0]
    assert nothing.of[0].tolist() == [0, 0, 1]  # the tokenizer knows no capitals
    cut = classes([["a " * 40, "b"]], Matching("embedding", folder=encoder))
    assert cut is not None
    assert cut.counts == {"pairs": 1, "truncated": 1}
    assert EmbeddingJudge(encoder).words.startswith("a cosine of at least 0.9")


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1"}, {0: "not_entailment", 1: "no"}, {}]
)
def test_a_classifier_without_entailment_is_refused(tmp_path: Path, labels: dict[int, str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"id2label": labels}))
    with pytest.raises(ConfigurationError, match="expected one called entailment"):
        refuse_classifier(str(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_folder_without_an_encoder_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        refuse_classifier(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"generation\.equivalence\.folder"):
        classes([["a", "b"]], Matching("nli", folder=str(tmp_path / "nowhere")))
    with pytest.raises(ConfigurationError, match=r"nothing is downloaded"):
        classes([["a", "b"]], Matching("embedding"))


def test_a_bare_encoder_is_no_classifier(encoder: str) -> None:
    with pytest.raises(ConfigurationError, match="random numbers"):
        local_model(encoder, "AutoModelForSequenceClassification", "folder")


def test_a_classifier_without_the_layer_that_it_rests_on_is_refused(
    tmp_path: Path, nli: str
) -> None:
    """The pooler, which a bare encoder may lack: its mean embeddings do not look at it."""
    from safetensors.torch import load_file, save_file

    place = tmp_path / "nli"
    shutil.copytree(nli, place)
    weights = load_file(place / "model.safetensors")
    kept = {name: one for name, one in weights.items() if "pooler" not in name}
    assert len(kept) < len(weights)
    save_file(kept, place / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"pooler.*random numbers"):
        local_model(str(place), "AutoModelForSequenceClassification", "folder")


def test_pickled_weights_are_not_read(tmp_path: Path, encoder: str) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((Path(encoder) / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        local_model(str(tmp_path), "AutoModel", "folder")
