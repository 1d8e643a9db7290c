"""How much of the maps lies in a region that ought not to matter.

A screen, not a test: a map that looks at the region is a reason to read the check `shortcuts`, and
a map that does not proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from auditkit.checks.check import Findings
from auditkit.checks.explanation.convergence import unmeasured
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation, Maps
from auditkit.explain.methods.registry import METHODS
from auditkit.measurement import Measurement
from auditkit.variants.nuisances import Nuisance
from auditkit.variants.nuisances.regions import region_of

_NUMBERS = ("region_mass",)
_NO_REGION = "No region of the inputs was declared that ought not to matter (a nuisance `patch`)."


def regions(units: ExplainedUnits, found: Explanation, subject: Subject) -> Findings:
    """The mass of each method's maps in each declared patch, against the patch's area."""
    patches = [one for one in subject.nuisances if one.kind == "patch"]
    values = next((one.values for one in found.maps.values() if isinstance(one, Maps)), ())
    if not patches or len(values) != 1 or values[0].ndim != 4:
        return Findings(tuple(unmeasured(units, _NO_REGION, _NUMBERS)))
    return Findings(tuple(_of_patches(units, found, patches)))


def _of_patches(
    units: ExplainedUnits, found: Explanation, patches: list[Nuisance]
) -> Iterator[Measurement]:
    for patch in patches:
        for name, maps in found.maps.items():
            if isinstance(maps, Maps):
                key = units.key("region_mass", f"{patch} · {METHODS[name].title}")
                yield units.averaged(key, mass_over_area(maps, patch))


def mass_over_area(maps: Maps, patch: Nuisance) -> np.ndarray:
    """The share of each map in a patch over the patch's share of the image, float64 of shape (n,).

    Mass accuracy (Arras, Osman and Samek 2022) as a ratio: 1 where the map does not care. NaN for
    maps that are zero, or may not be shown.

    Args:
        maps: of images, [n, channels, height, width].
        patch: a nuisance of that kind.

    Raises:
        ConfigurationError: the patch lies outside the images.
    """
    sizes = maps.values[0].double().abs().sum(dim=1)
    height, width = sizes.shape[-2:]
    rows, columns = region_of(patch, height, width)
    area = (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
    inside, whole = sizes[:, rows, columns].sum(dim=(1, 2)), sizes.sum(dim=(1, 2))
    known = maps.shown & (whole > 0)
    ratios: np.ndarray = torch.where(known, inside / whole / area, torch.nan).numpy()
    return ratios
