from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from auditkit.errors import ConfigurationError
from auditkit.generation.grounding.local_encoder import support_by_encoder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "yes", "no", "filler"]
LABELS = {0: "contradiction", 1: "ENTAILMENT", 2: "neutral"}
OF_TOKENS = {0: "supported", 1: "hallucinated"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of an encoder that finds support where both texts hold `yes`, whatever stands between."""
    return _saved(tmp_path / "pairs", LABELS, by_token=False)


def _saved(place: Path, labels: dict[int, str], *, by_token: bool) -> Path:
    import transformers
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import BertProcessing

    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=24, num_labels=len(labels), id2label=labels,
    )  # fmt: skip
    of = "Token" if by_token else "Sequence"
    torch.manual_seed(0)
    getattr(transformers, f"BertFor{of}Classification")(config).save_pretrained(place)
    made = Tokenizer(WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = WhitespaceSplit()
    made.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=24,
    ).save_pretrained(place)  # fmt: skip
    return place


def _by_hand(folder: Path, passage: str, sentence: str) -> np.ndarray:
    import transformers

    network = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = network(**tokenizer(passage, sentence, return_tensors="pt")).logits[0]
    return logits.softmax(-1).numpy()  # type: ignore[no-any-return]


def test_support_is_the_best_passage_by_itself(folder: Path) -> None:
    passages = [["yes filler", "no"], ["no"], []]
    found = support_by_encoder(["yes", "yes no", "no"], passages, str(folder))
    one = [_by_hand(folder, passage, "yes")[1] for passage in passages[0]]
    expected = [max(one), _by_hand(folder, "no", "yes no")[1], 0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_long_passage_is_read_in_windows(folder: Path) -> None:
    sentence = "yes no"
    long = " ".join(["filler"] * 40 + ["yes"])
    found = support_by_encoder([sentence], [[long]], str(folder))[0]
    whole = 24 - 3 - 2
    first = " ".join(long.split()[:whole])
    assert found >= _by_hand(folder, first, sentence)[1] - 1e-6


def test_a_judge_of_tokens_says_how_well_the_worst_one_is_supported(tmp_path: Path) -> None:
    import transformers

    folder = _saved(tmp_path / "tokens", OF_TOKENS, by_token=True)
    network = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    read = tokenizer("yes filler", "no yes", return_tensors="pt")
    with torch.no_grad():
        chances = network(**read).logits[0].softmax(-1)[:, 1]
    of_sentence = [at for at, part in enumerate(read.sequence_ids(0)) if part == 1]
    found = support_by_encoder(["no yes"], [["yes filler"]], str(folder))
    np.testing.assert_allclose(found, [1 - chances[of_sentence].max().item()], atol=1e-6)


def test_classes_must_say_which_means_support(tmp_path: Path) -> None:
    folder = _saved(tmp_path / "nameless", {0: "LABEL_0", 1: "LABEL_1"}, by_token=False)
    with pytest.raises(ConfigurationError, match=r"are label_0, label_1; expected one of them"):
        support_by_encoder(["yes"], [["no"]], str(folder))


def test_a_bare_encoder_is_refused(tmp_path: Path) -> None:
    import transformers

    folder = _saved(tmp_path / "bare", LABELS, by_token=False)
    config = transformers.BertConfig.from_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder)
    with pytest.raises(ConfigurationError, match="which would be random numbers"):
        support_by_encoder(["yes"], [["no"]], str(folder))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"generation\.grounding\.folder is .* holds no config"
    ):
        support_by_encoder(["yes"], [["no"]], str(tmp_path))
