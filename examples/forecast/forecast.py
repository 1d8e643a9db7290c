"""The forecaster of fracast, from a window of a series to quantiles of the next value.

Network and weights come with fracast 0.1.0 (Apache-2.0): 85,001 parameters, trained by its authors
on series that it does not name. fracast's own wrapper works on NumPy arrays; this one does the same
with tensors, so that gradients pass through the scaling too.
"""

import hashlib
import importlib.util
import json
from pathlib import Path

import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

_WEIGHTS = "0d678f123f3d1f91c5065cca2b5d40eccc469360afc2381b27290486011ded2c"
_SETTINGS = "model", "pyramid"
_NARROWEST = 1e-5


def _folder() -> Path:
    package = importlib.util.find_spec("fracast")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError(
            "the forecaster comes with fracast: "
            "pip install --no-deps --require-hashes -r examples/requirements-no-deps.txt"
        )
    return Path(package.submodule_search_locations[0]) / "weights"


class Forecaster(nn.Module):
    """Nine quantiles of the value that comes next.

    Args:
        core: encodes a scaled context of `width` steps.
        head: from what the core says to the quantiles of the next 48 steps.
        width: steps of the context; a shorter window stands at its end.
    """

    def __init__(self, core: nn.Module, head: nn.Module, width: int) -> None:
        super().__init__()
        self.core = core
        self.head = head
        self.width = width

    def forward(self, windows: Tensor) -> Tensor:
        """From windows [n, steps, 1] to quantiles [n, 9], in the unit of the series."""
        values = windows[:, :, 0]
        low = values.amin(dim=1, keepdim=True)
        span = (values.amax(dim=1, keepdim=True) - low).clamp(min=_NARROWEST)
        missing = self.width - values.shape[1]
        scaled = nn.functional.pad((values - low) / span, (missing, 0))
        known = nn.functional.pad(torch.ones_like(values), (missing, 0))
        seen = known.bool()
        states = self.core(scaled[:, None], seen[:, None], known[:, None])
        ahead = self.head.forward_horizon(
            states, last_obs=scaled[:, -1:], ctx=scaled, ctx_mask=seen
        )
        return ahead[:, 0] * span + low


def build() -> Forecaster:
    """The forecaster with its weights, which must be those that this example was written for."""
    folder = _folder()
    from fracast._core.model import build_from_cfg

    content = (folder / "model.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != _WEIGHTS:
        raise ValueError(f"{folder} does not hold the weights that this example was written for")
    settings = json.loads((folder / "config.json").read_text())
    core, head = build_from_cfg({name: settings[name] for name in _SETTINGS})
    forecaster = Forecaster(core, head, settings["model"]["W"])
    forecaster.load_state_dict(load_safetensors(content))
    return forecaster.eval()
