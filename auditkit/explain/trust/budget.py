"""What the tests of explanations may cost, and what is run for that.

The unit is a gradient for an example; a forward counts a third (`auditkit.explain.trust.cost`).
First every method gets each test once, the cheap tests and the cheap methods first; what is left
then buys more stages and more draws. What does not fit is not run, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auditkit.explain.method import Family, Method
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.deletion import ORDERS, POINTS
from auditkit.explain.trust.infidelity import PERTURBATIONS
from auditkit.explain.trust.not_run import NotRun

SHARED = ""
"""In place of a method: what all methods are compared with."""


@dataclass(frozen=True)
class Budget:
    """What explaining and testing one example may cost, over all tests and methods.

    Attributes:
        gradients: or as much in forwards, of which a gradient is worth three.

    Raises:
        ValueError: it is not positive.
    """

    gradients: float = 250.0

    def __post_init__(self) -> None:
        if not self.gradients > 0:
            raise ValueError(f"expected a positive budget, got {self.gradients}")


@dataclass(frozen=True)
class Planned:
    """One test of one method.

    Attributes:
        test: `maps`, `deletion`, `infidelity`, `randomisation`, `stability` or `baseline`.
        method: its name; `SHARED` for what is computed once.
        size: stages of a cascade, draws of noise; else 1; 0 where it is not run.
        gradients: what it costs for an example, in gradients; 0 where it is not run.
        reason: why it is not run, a full sentence; "" if it is.
    """

    test: str
    method: str
    size: int
    gradients: float
    reason: str = ""

    def __str__(self) -> str:
        name = f"{self.test} of {self.method}" if self.method else f"{self.test}, for all methods"
        if self.reason:
            return f"{name}: not run: {self.reason}"
        return f"{name}: {self.gradients:.1f} gradients an example"


@dataclass(frozen=True)
class Plan:
    """What is run, and what is not.

    Attributes:
        budget: what an example may cost, in gradients.
        spent: what was spent on trying the methods, in gradients an example.
        rows: every test of every method.
    """

    budget: float
    spent: float
    rows: tuple[Planned, ...]

    @property
    def gradients(self) -> float:
        """What an example costs, in gradients."""
        return self.spent + sum(row.gradients for row in self.rows)

    def of(self, test: str, method: str = SHARED) -> Planned:
        """What is planned of a test.

        Raises:
            KeyError: there is no such row.
        """
        for row in self.rows:
            if (row.test, row.method) == (test, method):
                return row
        raise KeyError((test, method))

    def __str__(self) -> str:
        head = f"{self.gradients:.1f} of {self.budget:g} gradients an example:"
        return "\n".join([head, *(f"- {row}" for row in self.rows)])


def plan(
    methods: Sequence[Method],
    costs: Mapping[str, Cost | NotRun],
    budget: Budget,
    *,
    spent: float = 0.0,
    points: int = POINTS,
    differentiable: bool = True,
) -> Plan:
    """Share a budget out.

    Args:
        methods: to be tested.
        costs: name → what the maps of an example cost, or why there are none.
        budget: for all of them together.
        spent: on an example so far, in gradients.
        points: of a deletion curve.
        differentiable: whether the plain gradient can be taken, which stands beside methods that
            are multiplied with the input.

    Example:
        >>> from auditkit.explain.trust.randomisation import PLAIN
        >>> found = plan([PLAIN], {"gradient": Cost(gradients=1)}, Budget(60))
        >>> found.of("randomisation", "gradient").size, round(found.gradients, 1)
        (3, 58.3)
    """
    purse = _Purse(methods, costs, budget.gradients - spent, points, differentiable)
    for test, size in _ROUNDS:
        purse.buy(test, size)
    return Plan(budget.gradients, spent, tuple(purse.rows.values()))


_ROUNDS = (
    ("maps", 1),
    ("infidelity", 1),
    ("deletion", 1),
    ("randomisation", 1),
    ("stability", 1),
    ("baseline", 1),
    ("stability", 3),
    ("randomisation", 3),
    ("stability", 5),
    ("randomisation", 5),
)


class _Purse:
    """What is left of a budget, and what was bought."""

    def __init__(
        self,
        methods: Sequence[Method],
        costs: Mapping[str, Cost | NotRun],
        left: float,
        points: int,
        differentiable: bool,
    ) -> None:
        self.left = left
        self.rows: dict[tuple[str, str], Planned] = {}
        self._points = points
        self._differentiable = differentiable
        self._methods = [(one, costs[one.name]) for one in methods]

    def buy(self, test: str, size: int) -> None:
        """A test for each method, the cheapest first, as far as the money goes."""
        affordable = [(method, cost) for method, cost in self._methods if isinstance(cost, Cost)]
        for method, cost in self._methods:
            if isinstance(cost, NotRun):
                self.rows[test, method.name] = Planned(test, method.name, 0, 0.0, cost.reason)
        shared = _SHARED.get(test)
        if shared is not None and affordable:
            self._pay(test, SHARED, 1, shared(self._points).equivalents)
        for method, cost in sorted(affordable, key=lambda one: one[1].equivalents):
            self._one(test, size, method, cost)

    def _one(self, test: str, size: int, method: Method, cost: Cost) -> None:
        key = (test, method.name)
        if reason := self._hindered(test, method):
            self.rows.setdefault(key, Planned(test, method.name, 0, 0.0, reason))
            return
        if size > 1 and not self.rows[key].size:
            return  # what was too dear at its smallest is not tried larger
        price = _PRICES[test](cost, size)
        if test == "randomisation" and method.times_input and self._differentiable:
            price = price + Cost(gradients=size + 1)
        if test == "deletion":
            price = Cost(forwards=2 * self._points)
        self._pay(test, method.name, size, price.equivalents)

    def _hindered(self, test: str, method: Method) -> str:
        maps = self.rows.get(("maps", method.name))
        if test != "maps" and maps is not None and maps.reason:
            return maps.reason
        shared = self.rows.get((test, SHARED))
        if shared is not None and shared.reason:
            return shared.reason
        if test == "baseline" and (method.is_plain or method.family is Family.ACTIVATION):
            return "The method does not look at a baseline."
        return ""

    def _pay(self, test: str, name: str, size: int, price: float) -> None:
        key = (test, name)
        before = self.rows[key].gradients if key in self.rows else 0.0
        if price - before <= self.left + 1e-9:
            self.left -= price - before
            self.rows[key] = Planned(test, name, size, price)
        elif key not in self.rows:
            reason = (
                f"It costs {price:.1f} gradients an example, and {max(0.0, self.left):.1f} of the "
                "budget were left."
            )
            self.rows[key] = Planned(test, name, 0, 0.0, reason)


_PRICES: Mapping[str, Callable[[Cost, int], Cost]] = {
    "maps": lambda cost, _: cost,
    "infidelity": lambda _, __: Cost(),
    "deletion": lambda _, __: Cost(),
    "randomisation": lambda cost, size: cost * size + Cost(forwards=2),
    "stability": lambda cost, size: cost * size + Cost(forwards=2 + size),
    "baseline": lambda cost, _: cost,
}

_SHARED: Mapping[str, Callable[[int], Cost]] = {
    "infidelity": lambda _: Cost(forwards=PERTURBATIONS + 1),
    "deletion": lambda points: Cost(forwards=(ORDERS + 2) * points),
}
