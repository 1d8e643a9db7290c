"""How far the maps of one method can be trusted on one model, in a word and a sentence.

`converged`: the method's own error is small, and every test that decides speaks for the maps.
`limited`: they may be shown, with the sentence beside them. `withheld`: they may not.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.explain.method import Family, Maps
from auditkit.explain.trust.averages import Groups
from auditkit.explain.trust.exclusions import NEVER_EXCLUDED
from auditkit.explain.trust.findings import Finding, findings
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.results import Results

CONVERGED, LIMITED, WITHHELD = "converged", "limited", "withheld"

UNCHANGED = 0.9
"""Rank correlation with random weights from which on a map is the same map: four fifths of the
variance of its order have nothing to do with what was learned."""

_DECIDING = ("convergence", "randomisation", "deletion", "insertion", "infidelity", "stability")
"""Tests without which nothing is called `converged`. The others speak against a map, not for it."""


@dataclass(frozen=True)
class Trust:
    """How far the maps of a method can be trusted.

    Attributes:
        label: `converged`, `limited` or `withheld`.
        reason: a full sentence, to stand beside a picture.
        findings: one for each test.
        not_excluded: what none of the tests excludes, full sentences.
    """

    label: str
    reason: str
    findings: tuple[Finding, ...]
    not_excluded: tuple[str, ...]

    def finding(self, test: str) -> Finding:
        """What one test says.

        Raises:
            KeyError: there is no such test.
        """
        for one in self.findings:
            if one.test == test:
                return one
        raise KeyError(test)

    def of_unit(self, maps: Maps, unit: int) -> tuple[str, str]:
        """Label and reason of a single map: it may be withheld where others are not.

        Args:
            maps: of the same method, of these or other units.
            unit: the place of one of them.
        """
        if self.label != WITHHELD and not bool(maps.shown[unit]):
            return WITHHELD, maps.withheld or "The map may not be shown."
        return self.label, self.reason


def judged(results: Results, groups: Groups | None = None) -> Trust:
    """Put together what the tests of a method say.

    Args:
        results: of the method.
        groups: int64 [n], which units belong together; None if all are independent.
    """
    found = findings(results, groups)
    for label, reason in (
        (WITHHELD, _withheld(results, found)),
        (LIMITED, _limited(results, found)),
    ):
        if reason:
            return Trust(label, reason, found, not_excluded(results, found))
    said = "The method's own error is small, and every test that decides speaks for the maps."
    return Trust(CONVERGED, said, found, not_excluded(results, found))


def _withheld(results: Results, found: tuple[Finding, ...]) -> str:
    """Why no map may be shown, a full sentence; "" if they may."""
    maps = results.maps
    if isinstance(maps, NotRun):
        return maps.reason
    if not maps.maps.shown.any():
        return maps.maps.withheld or "The method shows none of its maps."
    if not maps.usable.any():
        return "The maps say the same of every region, or are not finite."
    by_test = {one.test: one for one in found}
    weights, deletion, insertion = (
        by_test[name] for name in ("randomisation", "deletion", "insertion")
    )
    if weights.lowest is not None and weights.lowest >= UNCHANGED:
        return weights.reason
    # Both, since each alone would be wrong by chance for one true map in twenty.
    return deletion.reason if deletion.holds is insertion.holds is False else ""


def _limited(results: Results, found: tuple[Finding, ...]) -> str:
    """Why maps may only be shown with a word of warning, a full sentence; "" if without."""
    if against := [one for one in found if one.holds is False]:
        return against[0].reason
    if results.method.family is Family.ACTIVATION and results.method.warning:
        return results.method.warning
    open_ = [one for one in found if one.holds is None and one.test in _DECIDING]
    if not open_:
        return ""
    first = open_[0]
    return (
        first.reason if first.was_run else f"The test “{first.title}” was not run: {first.reason}"
    )


def not_excluded(results: Results, found: tuple[Finding, ...]) -> tuple[str, ...]:
    """What none of the tests excludes, the tests that were not run first."""
    if isinstance(results.maps, NotRun):
        return (f"Nothing was tested: {results.maps.reason}",)
    missing = [
        f"The test “{one.title}” was not run: {one.reason}" for one in found if not one.was_run
    ]
    tested = f"The tests were run on {results.units} units; the map of another one may be wrong."
    return (*missing, tested, *NEVER_EXCLUDED)
