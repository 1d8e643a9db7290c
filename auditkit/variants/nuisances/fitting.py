"""Whether a nuisance fits the inputs of a model, before any long pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances.columns import intervened_columns, intervened_frame
from auditkit.variants.nuisances.images import intervened_images
from auditkit.variants.nuisances.kinds import KINDS
from auditkit.variants.nuisances.nuisance import APPLIED, Nuisance
from auditkit.variants.nuisances.tokens import intervened_tokens
from auditkit.variants.nuisances.waves import intervened_waves


def refuse_unfit(
    nuisance: Nuisance,
    medium: str,
    frame: pd.DataFrame | None,
    prepared: Any,
    input_range: InputRange | None,
) -> None:
    """Refuse a nuisance that does not fit a batch: it is put into two units, which are let go.

    Inputs in which nothing can be put are not refused here: the answer is then the reason.

    Args:
        nuisance: named by the user.
        medium: what an input is; "" where that is not known.
        frame: raw features of the batch; None where there are none.
        prepared: what the model is given of it.
        input_range: between which ends these numbers lie; None where that is not declared.

    Raises:
        ConfigurationError: it is a nuisance of another medium, or its settings do not fit.
        DataError: the inputs are not what the medium says.
    """
    media = KINDS[nuisance.kind].media
    if medium and medium not in media:
        raise ConfigurationError(
            f"The nuisance {nuisance} is of the kind {nuisance.kind}, which is for inputs that are "
            f"{' or '.join(media)}; these are {medium}.",
            mend="Name a kind for these inputs, or declare model.inputs.medium.",
        )
    if media == ("table",) and frame is not None:
        intervened_frame(frame.iloc[:2], nuisance, APPLIED)
        return
    inputs = prepared[0] if _is_alone(prepared) else prepared
    if media == ("text",):
        if isinstance(inputs, Tensor | Mapping):
            intervened_tokens(inputs, nuisance, APPLIED)
    elif isinstance(inputs, Tensor) and inputs.is_floating_point():
        _put_in(inputs[:2], nuisance, input_range)


def _is_alone(prepared: Any) -> bool:
    return isinstance(prepared, tuple | list) and len(prepared) == 1


def _put_in(inputs: Tensor, nuisance: Nuisance, input_range: InputRange | None) -> None:
    media = KINDS[nuisance.kind].media
    if media == ("table",):
        intervened_columns(inputs, nuisance, APPLIED)
    elif media == ("image",):
        intervened_images(inputs, nuisance, APPLIED, input_range)
    else:
        intervened_waves(inputs, nuisance, APPLIED, input_range)
