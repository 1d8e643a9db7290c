"""Everything that was measured of one method on one model."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.explain.method import Method
from auditkit.explain.trust.agreement import Pair
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.deletion import Deletion
from auditkit.explain.trust.explained import Explained, Floats
from auditkit.explain.trust.infidelity import Infidelity
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.randomisation import Randomisation
from auditkit.explain.trust.stability import BaselineSensitivity, Stability


@dataclass(frozen=True, eq=False)
class Results:
    """The tests of one method, unit by unit; or why one was not run.

    Attributes:
        method: whose.
        units: how many units it was tested on.
        maps: of these units.
        randomisation, deletion, infidelity, stability, baseline: see the modules of these names.
        agreement: [n] mean rank correlation with methods of other kinds.
        left_out: pairs with methods of its own kind.
        spent: what an example cost, the shared controls not included.
    """

    method: Method
    units: int
    maps: Explained | NotRun
    randomisation: Randomisation | NotRun
    deletion: Deletion | NotRun
    infidelity: Infidelity | NotRun
    stability: Stability | NotRun
    baseline: BaselineSensitivity | NotRun
    agreement: Floats | NotRun
    left_out: tuple[Pair, ...]
    spent: Cost
