"""Token ids through their embeddings: neutral tokens, special ones, masks, and odd models."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError
from auditkit.explain import NotExplainable, Target, integrated, targeting
from auditkit.models import wrap

IDS = torch.tensor([[1, 7, 8, 2, 0], [1, 9, 7, 8, 2]])
MASK = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])


class Words(nn.Module):
    """A transformer on words; 0 is padding."""

    def __init__(self, padding=0, named=False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(12, 16, padding_idx=padding)
        self.places = nn.Embedding(5, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True,
                                                norm_first=True)  # fmt: skip
        self.score = nn.Linear(16, 2)
        if named:
            self.get_input_embeddings = lambda: self.words

    def forward(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places(torch.arange(input_ids.shape[1]))
        x = self.layer(x, src_key_padding_mask=attention_mask == 0)
        weight = attention_mask[..., None].to(x)
        return self.score((x * weight).sum(1) / weight.sum(1))


def words(inputs=None, **options):
    return wrap(Words(**options), task="binary", outputs="logits", classes=("no", "yes"),
                inputs={"medium": "text", **(inputs or {})})  # fmt: skip


GIVEN = {"input_ids": IDS, "attention_mask": MASK}


@pytest.mark.parametrize("named", [True, False])
def test_embeddings_stand_in_for_ids(named) -> None:
    model = words(named=named)
    with targeting(model, GIVEN, model.heads[0]) as target:
        assert isinstance(target, Target)
        assert target.names == ("input_ids",)
        assert torch.equal(target.tokens, IDS)
        assert target.inputs[0].shape == (2, 5, 16)
        plain = model.forward(model.place(GIVEN))[""][:, 1]
        torch.testing.assert_close(target.value(target.inputs, target.every), plain)
        rows = torch.tensor([1, 0, 1])
        mixed = target.value((target.inputs[0][rows],), rows)
        torch.testing.assert_close(mixed, plain[rows])


def test_the_baseline_is_the_neutral_token_and_special_ones_stay() -> None:
    model = words({"neutral": 3, "special": [1, 2]})
    module = model.module
    with targeting(model, GIVEN, model.heads[0]) as target:
        base = target.baseline[0]
        own, silence = module.words(IDS), module.words(torch.tensor(3))
        for row, place, kept in ((0, 0, True), (0, 1, False), (0, 3, True), (0, 4, True)):
            expected = own[row, place] if kept else silence
            torch.testing.assert_close(base[row, place], expected.detach())


def test_completeness_against_the_text_of_neutral_tokens() -> None:
    """The attributions add up to the difference to a text that says nothing; padding has none."""
    model = words({"neutral": 3, "special": [1, 2]})
    with targeting(model, GIVEN, model.heads[0]) as target:
        found = integrated(target, tolerance=0.005)
    silent = torch.where((IDS == 1) | (IDS == 2) | (MASK == 0), IDS, 3)
    with torch.no_grad(), model.opened():
        difference = [model.forward({**GIVEN, "input_ids": ids})[""][:, 1] for ids in (IDS, silent)]
    torch.testing.assert_close(
        found.values[0].sum(dim=(1, 2)), difference[0] - difference[1], rtol=0.01, atol=1e-4
    )
    assert found.converged.all()
    assert not found.values[0][0, 4].any()
    assert not found.values[0][:, 0].any()


def test_the_padding_token_is_neutral_where_nothing_is_declared() -> None:
    with targeting(words(), GIVEN, words().heads[0]) as target:
        assert isinstance(target, Target)
        assert not target.baseline[0][:, 1].any()  # torch's own padding is zero


def test_configurations_name_tokens() -> None:
    model = words(padding=None)
    model.module.config = type("Configuration", (), {"pad_token_id": 4, "cls_token_id": 1})()
    with targeting(model, GIVEN, model.heads[0]) as target:
        silence = model.module.words(torch.tensor(4)).detach()
        torch.testing.assert_close(target.baseline[0][0, 1], silence)
        torch.testing.assert_close(target.baseline[0][:, 0], target.inputs[0][:, 0])


def configured(**named):
    model = words(padding=None)
    model.module.config = type("Configuration", (), named)()
    return model


def test_a_configuration_may_name_no_token_or_several() -> None:
    """-1 stands for none, and texts may end in several ways."""
    model = configured(mask_token_id=-1, pad_token_id=99, eos_token_id=[2, 8])
    with targeting(model, GIVEN, model.heads[0]) as target:
        assert isinstance(target, Target)
        silence = model.module.words(torch.tensor(2)).detach()
        torch.testing.assert_close(target.baseline[0][0, 1], silence)
        fixed = (target.inputs[0] == target.baseline[0]).all(dim=-1)
        assert fixed.tolist() == ((IDS == 2) | (IDS == 8) | (MASK == 0)).tolist()
    with targeting(configured(pad_token_id=-1), GIVEN, model.heads[0]) as target:
        assert isinstance(target, NotExplainable)


def test_padding_is_fixed_beside_declared_special_tokens() -> None:
    model = words({"neutral": 3, "special": [1]})
    with targeting(model, {**GIVEN, "attention_mask": MASK | 1}, model.heads[0]) as target:
        assert torch.equal(target.inputs[0][0, 4], target.baseline[0][0, 4])


def test_a_module_that_names_no_embeddings_is_listened_to() -> None:
    def none():
        raise NotImplementedError

    model = words()
    model.module.get_input_embeddings = none
    with targeting(model, GIVEN, model.heads[0]) as target:
        assert isinstance(target, Target)


def test_no_neutral_token_is_known() -> None:
    model = words(padding=None)
    with targeting(model, GIVEN, model.heads[0]) as target:
        assert isinstance(target, NotExplainable)
        assert "declare model.inputs.neutral" in target.reason


def test_a_neutral_token_beyond_the_vocabulary() -> None:
    model = words({"neutral": 12})
    with (
        pytest.raises(ConfigurationError, match="12; the model knows the tokens 0 to 11"),
        targeting(model, GIVEN, model.heads[0]),
    ):
        pass


@pytest.mark.parametrize("wrong", [{"neutral": -1}, {"neutral": 1.5}, {"special": ["a"]}])
def test_tokens_are_whole_numbers(wrong) -> None:
    with pytest.raises(ConfigurationError, match="expected its id, a whole number"):
        words(wrong)


def test_the_model_and_the_ids_are_left_as_they_came() -> None:
    model, ids = words(), IDS.clone()
    digest = model.digest()
    with targeting(model, {**GIVEN, "input_ids": ids}, model.heads[0]) as target:
        integrated(target)
    assert torch.equal(ids, IDS)
    assert model.digest() == digest
    assert not any(part._forward_hooks or part._forward_pre_hooks
                   for part in model.module.modules())  # fmt: skip


def test_hooks_are_gone_after_an_error() -> None:
    model = words()
    with pytest.raises(RuntimeError, match="half-way"), targeting(model, GIVEN, model.heads[0]):
        raise RuntimeError("half-way")
    assert not any(part._forward_hooks for part in model.module.modules())


def test_recurrent_texts() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.words = nn.Embedding(12, 8, padding_idx=0)
            self.cells, self.score = nn.GRU(8, 8, batch_first=True), nn.Linear(8, 1)

        def forward(self, ids):
            return self.score(self.cells(self.words(ids))[0][:, -1])

    model = wrap(Reader(), task="regression")
    with targeting(model, IDS, model.heads[0]) as target:
        assert isinstance(target, Target)
        assert integrated(target).converged.all()
