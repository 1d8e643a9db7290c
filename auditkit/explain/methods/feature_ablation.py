"""Feature ablation: what the output loses where one region is replaced by the baseline."""

from __future__ import annotations

from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import CHUNK, asker, joined, slices
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import finite
from auditkit.explain.methods.spreading import spread
from auditkit.explain.regions import regions
from auditkit.explain.target import NotExplainable, Target


def feature_ablation(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The loss of each region alone, all others as they are; a region's map adds up to it.

    Args:
        target: what is explained.
        settings: regions and chunk are read.
    """
    from captum.attr import FeatureAblation

    cut = regions(target, settings.regions)

    def step(size: int) -> Maps:
        parts = [
            FeatureAblation(asker(part)).attribute(
                part.inputs,
                baselines=part.baseline,
                additional_forward_args=(part.every,),
                feature_mask=cut.masks,
                perturbations_per_eval=max(1, size // part.units),
            )
            for part in slices(target, size)
        ]
        return finite(spread(joined(parts), cut, target), forwards=1 + cut.count)

    return attempted("Feature ablation", target, step, settings.chunk or CHUNK)


FEATURE_ABLATION = Method(
    name="feature_ablation",
    title="Feature ablation",
    family=Family.PERTURBATION,
    source="Zeiler and Fergus, ECCV 2014, arXiv 1311.2901",
    attribute=feature_ablation,
    needs_gradient=False,
)
