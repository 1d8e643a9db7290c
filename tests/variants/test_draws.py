"""Random numbers of a unit do not depend on its batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auditkit.variants.draws import Purpose, generator, normal_draws, uniform_draws

KEYS = np.array([3, 2**64 - 1, 17, 2**40], dtype=np.uint64)


@pytest.mark.parametrize("draw", [normal_draws, uniform_draws])
def test_a_unit_has_its_own_numbers_whatever_the_batch(draw) -> None:
    whole = draw(torch.empty(4, 3, 5), 11, KEYS)
    for place in range(4):
        alone = draw(torch.empty(1, 3, 5), 11, KEYS[[place]])
        assert torch.equal(alone[0], whole[place])
    assert torch.equal(draw(torch.empty(4, 3, 5), 11, KEYS[::-1]), whole.flip(0))
    assert len(whole.unique()) > 50


@pytest.mark.parametrize("draw", [normal_draws, uniform_draws])
def test_seeds_are_independent(draw) -> None:
    like = torch.empty(4, 2000)
    one, other = draw(like, 1, KEYS).flatten(), draw(like, 2, KEYS).flatten()
    assert abs(float(torch.corrcoef(torch.stack([one, other]))[0, 1])) < 0.05


def test_they_are_what_their_names_say() -> None:
    like = torch.empty(200, 500)
    keys = np.arange(200)
    normal, uniform = normal_draws(like, 5, keys), uniform_draws(like, 5, keys)
    assert abs(float(normal.mean())) < 0.01
    assert abs(float(normal.std()) - 1) < 0.01
    assert float(uniform.min()) >= -1
    assert float(uniform.max()) < 1
    assert abs(float(uniform.std()) - 3**-0.5) < 0.01


def test_purposes_are_independent() -> None:
    drawn = {generator(1, 2, purpose).integers(2**62) for purpose in Purpose}
    assert len(drawn) == len(Purpose)


def test_shape_and_dtype_are_the_tensor_s() -> None:
    drawn = normal_draws(torch.empty(4, 2, dtype=torch.float64), -1, KEYS.astype(np.int64))
    assert drawn.dtype is torch.float64
    assert drawn.shape == (4, 2)
    assert normal_draws(torch.empty(0, 2), 1, KEYS[:0]).shape == (0, 2)


@pytest.mark.parametrize("keys", [KEYS[:3], KEYS.astype(float), KEYS.reshape(2, 2)])
def test_one_whole_number_for_each_unit(keys: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one whole number for each of 4 units"):
        normal_draws(torch.empty(4, 2), 1, keys)
