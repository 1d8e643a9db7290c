"""All tests of several methods on one model, in the order of their price, within a budget."""

# ruff: noqa: PT028 - `tested` is no test, whatever its name begins with

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from auditkit.errors import AuditkitError
from auditkit.explain.method import Method, Settings
from auditkit.explain.regions import regions
from auditkit.explain.target import NotExplainable, Target
from auditkit.explain.trust.agreement import Agreement, agreement
from auditkit.explain.trust.asking import rows_at_once
from auditkit.explain.trust.averages import Groups
from auditkit.explain.trust.budget import Budget, Plan, plan
from auditkit.explain.trust.cost import Cost, total
from auditkit.explain.trust.deletion import POINTS, Controls, controls, deletion
from auditkit.explain.trust.explained import Explained, Floats, explained
from auditkit.explain.trust.infidelity import Perturbed, infidelity, perturbed
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.randomisation import randomisation
from auditkit.explain.trust.results import Results
from auditkit.explain.trust.stability import baseline_sensitivity, stability
from auditkit.explain.trust.trust_result import TrustResult
from auditkit.explain.trust.verdict import judged

_TRIED = 2
_T = TypeVar("_T")

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what comes next."""


def tested(
    target: Target,
    methods: Sequence[Method],
    settings: Settings,
    budget: Budget | None = None,
    *,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> Mapping[str, TrustResult]:
    """Put the maps of several methods to every test that the budget allows.

    Args:
        target: the units to test on; 32 to 64 are enough, and fewer leave more undecided.
        methods: whose maps.
        settings: how they are made.
        budget: what an example may cost, over all of them; 250 gradients if None.
        groups: int64 [n], which units belong together; None if all are independent.
        progress: called before each step.

    Returns:
        Name → result, for every method: also for those that have no maps, with the reason.

    The model is as it came afterwards, whatever happens in between.
    """
    run = _Run(target, methods, settings, budget or Budget(), progress)
    return run.results(groups)


def planned(
    target: Target, methods: Sequence[Method], settings: Settings, budget: Budget | None = None
) -> Plan:
    """What `tested` would run, and at what cost: each method is tried on two units.

    Methods that adapt to the unit may come out dearer or cheaper; the rest is planned anew then.
    """
    run = _Run(target, methods, settings, budget or Budget(), None)
    tried = run.tried()
    return run.plan(tried, run.spent_on(tried))


class _Run:
    """One run of all tests: what is computed once, and for each method."""

    def __init__(
        self,
        target: Target,
        methods: Sequence[Method],
        settings: Settings,
        budget: Budget,
        progress: Progress | None,
    ) -> None:
        self.target = target
        self.methods = tuple(methods)
        self.budget = budget
        self.settings = replace(settings, chunk=rows_at_once(target, settings))
        self.regions = regions(target, settings.regions)
        self._progress = progress
        # Each method's maps and five tests, a trial of all, and what all are compared with.
        self._steps = 6 * len(self.methods) + 3
        self._done = 0

    def results(self, groups: Groups | None) -> Mapping[str, TrustResult]:
        self.step("trying the methods on a few units")
        tried = self.tried()
        first = self.plan(tried, self.spent_on(tried))
        maps = {one.name: self._maps(one, first) for one in self.methods}
        final = self.plan({name: _cost(found) for name, found in maps.items()}, first.spent)
        shared = self._shared(final)
        alike = agreement([found for found in maps.values() if isinstance(found, Explained)])
        found = {}
        for method in self.methods:
            results = self._tests(method, maps[method.name], final, shared, alike)
            rows = tuple(row for row in final.rows if row.method == method.name)
            found[method.name] = TrustResult(results, judged(results, groups), rows)
        return found

    def tried(self) -> dict[str, Cost | NotRun]:
        """What the maps of a few units cost."""
        few = self.target.part(self.target.every[:_TRIED])
        return {one.name: _cost(_attempt(few, one, self.settings)) for one in self.methods}

    def spent_on(self, tried: Mapping[str, Cost | NotRun]) -> float:
        """What trying cost an example, in gradients, when it is spread over all of them."""
        share = min(_TRIED, self.target.units) / self.target.units
        return share * sum(one.equivalents for one in tried.values() if isinstance(one, Cost))

    def plan(self, costs: Mapping[str, Cost | NotRun], spent: float) -> Plan:
        """What the budget allows."""
        return plan(
            self.methods,
            costs,
            self.budget,
            spent=spent,
            points=min(POINTS, self.regions.count + 1),
            differentiable=not self.target.obstacle,
        )

    def _maps(self, method: Method, first: Plan) -> Explained | NotRun:
        self.step(f"maps of {method.title}")
        row = first.of("maps", method.name)
        return NotRun(row.reason) if row.reason else _attempt(self.target, method, self.settings)

    def _shared(self, final: Plan) -> tuple[Controls | NotRun, Perturbed | NotRun]:
        self.step("random orders, and that of the input")
        orders = self._if_planned(
            final, "deletion", lambda: controls(self.target, self.regions, self.settings)
        )
        self.step("random regions away")
        draws = self._if_planned(
            final, "infidelity", lambda: perturbed(self.target, self.regions, self.settings)
        )
        return orders, draws

    def _if_planned(self, final: Plan, test: str, make: Callable[[], _T]) -> _T | NotRun:
        rows = [row for row in final.rows if row.test == test and not row.method]
        if not rows:
            return NotRun("No method has maps.")
        return NotRun(rows[0].reason) if rows[0].reason else _guarded(make)

    def _tests(
        self,
        method: Method,
        maps: Explained | NotRun,
        final: Plan,
        shared: tuple[Controls | NotRun, Perturbed | NotRun],
        alike: Agreement,
    ) -> Results:
        asked = _Asked(self, method, maps, final)
        target, settings, (orders, draws) = self.target, self.settings, shared
        fidelity = asked(
            "infidelity", draws, lambda one, _, d: infidelity(target, one, settings, d)
        )
        curves = asked("deletion", orders, lambda one, _, o: deletion(target, one, settings, o))
        weights = asked(
            "randomisation",
            None,
            lambda one, size, _: randomisation(target, one, settings, stages=size),
        )
        noise = asked(
            "stability", None, lambda one, size, _: stability(target, one, settings, draws=size)
        )
        other = asked(
            "baseline", None, lambda one, _, __: baseline_sensitivity(target, one, settings)
        )
        tests = (fidelity, curves, weights, noise, other)
        return Results(
            method=method,
            units=target.units,
            maps=maps,
            randomisation=weights,
            deletion=curves,
            infidelity=fidelity,
            stability=noise,
            baseline=other,
            agreement=_agreed(alike, method, maps),
            left_out=alike.left_out(method.name),
            spent=total(one.cost for one in (maps, *tests) if not isinstance(one, NotRun)),
        )

    def step(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._steps, what)
        self._done += 1


class _Asked:
    """The tests of one method, each run if it is planned and nothing stands in its way."""

    def __init__(self, run: _Run, method: Method, maps: Explained | NotRun, final: Plan) -> None:
        self._run = run
        self._method = method
        self._maps = maps
        self._plan = final

    def __call__(
        self, test: str, needed: Any, ask: Callable[[Explained, int, Any], _T | NotRun]
    ) -> _T | NotRun:
        self._run.step(f"{test} of {self._method.title}")
        if isinstance(self._maps, NotRun):
            return self._maps
        row = self._plan.of(test, self._method.name)
        if row.reason:
            return NotRun(row.reason)
        if isinstance(needed, NotRun):
            return needed
        maps = self._maps
        return _guarded(lambda: ask(maps, row.size, needed))


def _attempt(target: Target, method: Method, settings: Settings) -> Explained | NotRun:
    found = _guarded(lambda: explained(target, method, settings))
    return NotRun(found.reason) if isinstance(found, NotExplainable) else found


def _guarded(make: Callable[[], _T]) -> _T | NotRun:
    """What is made, or what the model said against it."""
    try:
        return make()
    except AuditkitError as error:
        return NotRun(error.problem)


def _cost(found: Explained | NotRun) -> Cost | NotRun:
    return found if isinstance(found, NotRun) else found.cost


def _agreed(alike: Agreement, method: Method, maps: Explained | NotRun) -> Floats | NotRun:
    if isinstance(maps, NotRun):
        return maps
    found = alike.of(method.name)
    return NotRun("No method of another kind was asked.") if found is None else found
