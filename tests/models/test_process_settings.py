"""Settings of the process are afterwards what they were, whatever happened in between."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from auditkit.models.process_settings import process_settings_kept


def test_every_setting_is_put_back_even_after_an_error() -> None:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    errors, filters = np.geterr(), list(warnings.filters)
    cudnn = torch.backends.cudnn.benchmark

    def change() -> None:
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_num_threads(threads + 1)
        torch.set_float32_matmul_precision("medium")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = not cudnn
        np.seterr(all="ignore")
        warnings.simplefilter("ignore")
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"), process_settings_kept():
        change()
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.zeros(1).device.type == "cpu"
    assert torch.get_num_threads() == threads
    assert torch.get_float32_matmul_precision() == precision
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark is cudnn
    assert np.geterr() == errors
    assert list(warnings.filters) == filters


def test_gradients_are_enabled_within_whatever_holds_outside() -> None:
    with torch.no_grad():
        with process_settings_kept():
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
