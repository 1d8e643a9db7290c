"""Where a model looks in images, sounds, series and texts; what a record keeps of the inputs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.explanation.images import pooled
from auditkit.checks.rounding import rounded
from auditkit.data import dataset
from auditkit.models import wrap
from tests.checks.explained import explaining, figures, numbers_in

IMAGES = {"inputs": {"medium": "image"}, "device": "cpu"}


class _Corner(nn.Module):
    """Looks at the brightness of one corner alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        corner = x[..., :4, :4].mean(dim=(1, 2, 3))
        return torch.stack([corner, 1 - corner, corner - 1000], dim=1)


def images(n: int = 80, side: int = 16, channels: int = 1, bright: int = 2) -> list:
    generator = torch.Generator().manual_seed(0)
    scale = [0.4 + 1.2 * (place % bright == 0) for place in range(n)]
    return [
        (torch.rand(channels, side, side, generator=generator) * scale[place], place % 2)
        for place in range(n)
    ]


def of_images(items: list, **wishes: object) -> Findings:
    model = wrap(
        _Corner(), task="multiclass", outputs="logits", classes=("bright", "dark", "none"), **IMAGES
    )
    return explaining(model, dataset(evaluation=items), **wishes)


def test_the_mean_map_of_a_model_that_looks_at_a_corner() -> None:
    (figure,) = figures(of_images(images()), "heat_maps")
    assert figure.data["n"] == 80
    titles = [item["title"] for item in figure.data["items"]]
    assert titles == ["all units", "predicted bright", "predicted dark"]
    assert sum(item["n"] for item in figure.data["items"][1:]) == 80
    for item in figure.data["items"]:
        heat = np.array(item["heat"])
        assert heat.shape == (16, 16)
        assert heat[:4, :4].sum() == pytest.approx(heat.sum())
        assert heat[0, 0] > 0
        assert (item["signed"], item["image"]) == (False, None)
        assert item["trust"]["label"] == "converged"
        low, high = (np.array(item[end], dtype=float)[:4, :4] for end in ("low", "high"))
        assert ((low < heat[:4, :4]) & (heat[:4, :4] < high)).all()
        # Cells that nothing varies in have no interval.
        assert item["low"][8][8] is None


def test_a_class_of_four_is_not_shown_and_not_told_by_the_others() -> None:
    items = images()[1::2] + images(8)[::2]
    (figure,) = figures(of_images(items), "heat_maps")
    shown = {item["title"]: item["n"] for item in figure.data["items"]}
    assert shown == {"all units": 40, "predicted dark": 40}
    assert "Of fewer than 5 of the units explained, and not shown, are: bright." in figure.caption


def test_few_units_have_no_map() -> None:
    assert not figures(of_images(images(4)), "heat_maps")


def test_large_images_are_pooled() -> None:
    (figure,) = figures(of_images(images(20, side=64, channels=3)), "heat_maps")
    heat = np.array(figure.data["items"][0]["heat"])
    assert heat.shape == (16, 16)
    assert len(json.dumps(dict(figure.data))) < 30_000
    assert heat[0, 0] == pytest.approx(heat.sum(), rel=1e-6)


@pytest.mark.parametrize("size", [(5, 9), (16, 16), (17, 33)])
def test_pooling_keeps_the_mean(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random((2, *size))
    cells = pooled(pixels, 8)
    assert max(cells.shape[1:]) <= 8
    edge = -(-max(size) // 8)
    assert cells[0, 0, 0] == pytest.approx(pixels[0, :edge, :edge].mean())


def test_without_samples_nothing_of_an_input_is_kept() -> None:
    items = [(image + 7000 + 3 * place, label) for place, (image, label) in enumerate(images())]
    result = of_images(items)
    raw = {one for image, _ in items for one in rounded(image.flatten().double().numpy())}
    kept = {number for figure in result.figures for number in numbers_in(dict(figure.data))}
    assert not raw & kept
    assert not [note for note in result.notes if "kept in this record" in note]
    assert "row " not in json.dumps([dict(figure.data) for figure in figures(result, "heat_maps")])


def test_samples_are_shown_with_their_inputs_and_said_to_be() -> None:
    items = images(channels=3)
    result = of_images(items, samples=2)
    _, singles = figures(result, "heat_maps")
    assert [item["n"] for item in singles.data["items"]] == [1, 1]
    for item in singles.data["items"]:
        place = int(item["title"].split(":")[0].removeprefix("row "))
        image = items[place][0].numpy()
        shown = np.array(item["image"])
        assert shown.shape == (16, 16, 3)
        assert 0 <= shown.min() <= shown.max() <= 1
        # Stretched over the range of both images, the order within each stays.
        flat, original = shown.flatten(), np.moveaxis(image, 0, -1).flatten()
        assert flat.argmax() in np.argsort(original)[-20:]
        heat = np.array(item["heat"])
        assert item["signed"] is True
        assert np.abs(heat[4:, 4:]).max() == 0.0
        assert item["title"].split(": ")[1] in ("predicted bright", "predicted dark")
    assert result.notes == (
        "Row ids and inputs of 2 units are kept in this record, since explain.samples asks for "
        "them; who may read it may read these.",
    )


def test_nothing_is_said_to_be_kept_where_nothing_is() -> None:
    """Inputs of a kind that nobody declared are drawn nowhere."""
    model = wrap(nn.Linear(3, 1), task="binary", outputs="logits", device="cpu")
    rows = [(torch.rand(3), place % 2) for place in range(20)]
    result = explaining(model, dataset(evaluation=rows), samples=4)
    assert [figure.kind for figure in result.figures] == ["ranking"]
    assert result.notes == ()


def test_what_is_kept_of_several_outputs_is_said_once() -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {name: x.mean(dim=(1, 2, 3)) for name in ("age", "size")}

    heads = {"age": {"task": "regression"}, "size": {"task": "regression"}}
    rows = [(image, {"age": 0.1, "size": 0.2}) for image, _ in images(20)]
    result = explaining(wrap(Two(), heads=heads, **IMAGES), dataset(evaluation=rows), samples=2)
    assert len(figures(result, "heat_maps")) == 4
    assert len(result.notes) == 1


def test_thumbnails_are_small() -> None:
    _, singles = figures(of_images(images(8, side=100), samples=1), "heat_maps")
    (item,) = singles.data["items"]
    assert np.array(item["image"]).shape == np.array(item["heat"]).shape == (25, 25)


class _Wild(nn.Module):
    """Too rough for the path integral on bright images."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = x.mean(dim=(1, 2, 3))
        return torch.where(bright > 0.5, torch.sin(4000 * bright) * 50, bright)


def test_maps_that_did_not_converge_are_withheld() -> None:
    model = wrap(_Wild(), task="regression", **IMAGES)
    result = explaining(model, dataset(evaluation=images()), samples=40)
    means, singles = figures(result, "heat_maps")
    assert means.data["n"] == 40
    assert [item["title"] for item in means.data["items"]] == ["all units"]
    assert means.data["items"][0]["trust"]["label"] == "limited"
    labels = [item["trust"]["label"] for item in singles.data["items"]]
    assert set(labels) == {"converged", "withheld"}
    for item in singles.data["items"]:
        assert (item["heat"] is None) == (item["trust"]["label"] == "withheld")
        assert item["title"].split(": ")[1].startswith("predicts ")


class _Ear(nn.Module):
    """The energy of a tone in the first half."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tone = torch.sin(torch.arange(x.shape[1]) * torch.pi / 4)
        return (x * tone)[:, : x.shape[1] // 2].sum(dim=1) ** 2 / 500 - 1


def sounds(n: int = 60) -> list:
    generator = torch.Generator().manual_seed(0)
    tone = torch.sin(torch.arange(256) * torch.pi / 4)
    noise = torch.randn(n, 256, generator=generator) * 0.3
    return [(noise[place] + tone * (place % 2), place % 2) for place in range(n)]


SOUND = {"task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}, "device": "cpu"}


def test_sounds_have_a_profile_in_time_and_one_in_frequency() -> None:
    model = wrap(_Ear(), inputs={"medium": "audio"}, **SOUND)
    result = explaining(model, dataset(evaluation=sounds()))
    (figure,) = figures(result, "signal_maps")
    whole, without, tone = figure.data["items"]
    assert (whole["title"], without["title"], tone["title"]) == (
        "all units", "predicted 0", "predicted 1"
    )  # fmt: skip
    assert (whole["n"], tone["n"], tone["unit"], tone["signal"]) == (60, 30, "steps", None)
    heat = np.array(tone["heat"])
    assert len(heat) == len(tone["times"]) == 64
    assert tone["times"][:2] == [0, 4]
    assert heat[:32].sum() == pytest.approx(heat.sum())
    bands = tone["bands"]
    place = bands["edges"].index(0.125)
    assert bands["heat"][place] > 0.95
    assert sum(bands["heat"]) == pytest.approx(1, abs=0.01)


def test_a_single_sound_only_where_samples_are_asked_for() -> None:
    model = wrap(_Ear(), inputs={"medium": "audio"}, **SOUND)
    _, singles = figures(explaining(model, dataset(evaluation=sounds()), samples=1), "signal_maps")
    (item,) = singles.data["items"]
    place = int(item["title"].split(":")[0].removeprefix("row "))
    sound = sounds()[place][0].numpy()
    assert len(item["signal"]) == len(item["heat"]) == 128
    assert item["signal"][0] == pytest.approx(max(sound[:2], key=abs), rel=1e-2)
    assert sum(map(abs, item["bands"]["heat"])) == pytest.approx(1, abs=0.01)


class _Last(nn.Module):
    """The first number of the last four steps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, -4:, 0].sum(dim=1)


def test_series_have_a_profile_in_time_alone() -> None:
    model = wrap(_Last(), task="regression", device="cpu", inputs={"medium": "series"})
    items = [(torch.randn(30, 3), float(place)) for place in range(40)]
    (figure,) = figures(explaining(model, dataset(evaluation=items)), "signal_maps")
    (item,) = figure.data["items"]
    assert (item["bands"], item["n"], len(item["heat"])) == (None, 40, 30)
    assert np.flatnonzero(item["heat"]).tolist() == [26, 27, 28, 29]


class _Words(nn.Module):
    """Word 7 speaks for, word 3 against; 0 is padding, 9 a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 2, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[7, 0], self.embedding.weight[3, 0] = 4.0, -1.0

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.embedding(ids).sum(dim=(1, 2))


def texts(n: int = 40) -> list:
    ids = [[5, 7 if place % 2 else 3, 6, 0, 0] for place in range(n)]
    return [(torch.tensor(one), place % 2) for place, one in enumerate(ids)]


def test_texts_are_shown_by_their_tokens_where_samples_are_asked_for() -> None:
    inputs = {"medium": "text", "neutral": 9, "special": [0, 9]}
    model = wrap(_Words(), inputs=inputs, **SOUND)
    assert not figures(explaining(model, dataset(evaluation=texts())), "token_maps")
    result = explaining(model, dataset(evaluation=texts()), samples=6)
    (figure,) = figures(result, "token_maps")
    assert figure.data["n"] == 6
    assert "shown as their ids" in figure.caption
    for item in figure.data["items"]:
        ids = [str(one) for one in texts()[int(item["title"].split(":")[0][4:])][0].tolist()]
        assert item["tokens"] == ids[: len(item["tokens"])]
        # Each speaks for what was decided: the one for it, the other against.
        assert item["heat"][1] == 1.0
        assert all(abs(heat) <= 1 for heat in item["heat"])
        assert item["title"].endswith("predicted 1" if "7" in ids else "predicted 0")
