"""The shape of a policy: what a YAML file may say, and what contradicts itself.

Every field is strict: a number is a number (`yes` is not 1, `"0.8"` is not 0.8), a name is a name,
an unknown key is an error. The types here also generate the JSON Schema that editors read.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StringConstraints,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

DEFAULT_ALPHA = 0.05

Identifier = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)
]
Text = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000)
]
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300)]
MetricId = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_]+\.[a-z0-9_.]+$")]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]
TaskName = Literal["binary", "multiclass", "multilabel", "regression", "custom", "generation"]


def _as_text(value: Any) -> Any:
    """A group may be called 3; it may not be called `true`, which data spell in many ways."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Level = Annotated[Name, BeforeValidator(_as_text, json_schema_input_type=int | str)]


class Strict(BaseModel):
    """Base of everything read from a policy file: closed, and fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _attribute_form(value: Any) -> str | None:
    if isinstance(value, str):
        return "word"
    return "several" if isinstance(value, list | tuple) else None


Attributes = Annotated[
    Annotated[Name, Tag("word")] | Annotated[tuple[Name, ...], Field(min_length=2), Tag("several")],
    Discriminator(
        _attribute_form,
        custom_error_type="attribute",
        custom_error_message="expected the name of an attribute, or a list of names that intersect",
    ),
]


class Each(Strict):
    """Every group of the attributes named; a list in the list names an intersection."""

    each: Annotated[tuple[Attributes, ...], Field(min_length=1)]


def _slices_form(value: Any) -> str | None:
    if isinstance(value, Each):
        return "each"
    if isinstance(value, str):
        return "word"
    if isinstance(value, dict) and value:
        return "each" if isinstance(value.get("each"), list | tuple) else "one"
    return None


def word_or_slice(value: Any) -> str | None:
    """Which form of a union of a word and `{attribute: value}` is meant; None for neither."""
    if isinstance(value, str):
        return "word"
    return "one" if isinstance(value, dict) and value else None


SliceWord = Literal["all", "groups", "proxies", "intersections"]
ReferenceWord = Literal["declared", "rest", "highest"]
OneSlice = dict[Name, Level]
Slices = Annotated[
    Annotated[SliceWord, Tag("word")]
    | Annotated[Each, Tag("each")]
    | Annotated[OneSlice, Tag("one")],
    Discriminator(
        _slices_form,
        custom_error_type="slices",
        custom_error_message="expected all, groups, proxies, intersections, "
        "{each: [attribute, …]} or {attribute: value}",
    ),
]
Reference = Annotated[
    Annotated[ReferenceWord, Tag("word")] | Annotated[OneSlice, Tag("one")],
    Discriminator(
        word_or_slice,
        custom_error_type="reference",
        custom_error_message="expected declared, rest, highest or {attribute: value}",
    ),
]


def _contradiction(message: str, **context: Any) -> PydanticCustomError:
    return PydanticCustomError("contradiction", message, context)


class Requirement(Strict):
    """One thing that a policy asks for.

    Attributes:
        id: names it in reports, waivers and attestations; unique within the policy.
        title: one line, as the claim that `pass` makes: "Groups are selected at similar rates".
        kind: `bound` (the metric lies within a region), `reported` (it was measured and is shown),
            `attested` (a person vouches for a document).
        metric: id of the metric; none for `attested`.
        proxy_metric: with `slices: groups`, the metric for attributes of which only probabilities
            are declared; without it the requirement speaks of the other attributes alone.
        slices: `all` (every unit), `groups` (every group of every attribute whose values are
            known), `proxies` (every group of every attribute of which only probabilities are
            declared), `intersections` (every declared intersection), `{each: [attribute, …]}`, or
            one slice as `{attribute: value}`.
        split: the split it was measured on; by default the evaluation split, alone or compared.
        head: output head; by default every head that the model has.
        label: class or feature that the number is about; by default every one measured.
        tasks: kinds of model that it speaks of; by default all. A model of another kind gets a
            sentence that the requirement does not apply.
        at_least, at_most, between: the region; exactly one for `bound`, none otherwise.
        reference: what each slice is compared with: `declared` (the reference group that the data
            configuration declares), `rest` (everybody outside the slice), `highest` (every other
            group of the attribute, so also the highest; where the kind is `reported`, the one that
            is highest in these data), or `{attribute: value}`.
        severity: `block` stops a deployment, `warn` does not.
        on_inconclusive: what an undecided verdict does where severity is `block`.
        min_units: with fewer independent units a number may fail and never passes.
        small_groups: what becomes of groups under the policy's minimum share in this requirement,
            if not what the policy says: `list`, `block`, or `judge` like any other group.
        waivable: false if no waiver may set it aside.
        clause: where the source says so; mandatory for law and guidance.
        basis: where the demand, and its number, come from.
        explanation: for a reviewer who is no statistician, why this is asked.
    """

    id: Identifier
    title: Text
    kind: Literal["bound", "reported", "attested"] = "bound"
    metric: MetricId | None = None
    proxy_metric: MetricId | None = None
    slices: Slices = "all"
    split: Name | None = None
    head: Annotated[str, Field(strict=True)] | None = None
    label: Level | None = None
    tasks: tuple[TaskName, ...] = ()
    at_least: Number | None = None
    at_most: Number | None = None
    between: tuple[Number, Number] | None = None
    reference: Reference | None = None
    severity: Literal["block", "warn"] = "block"
    on_inconclusive: Literal["block", "warn", "allow"] = "block"
    min_units: Annotated[int, Field(strict=True, ge=1)] | None = None
    small_groups: Literal["list", "block", "judge"] | None = None
    waivable: Truth = True
    clause: Annotated[str, StringConstraints(strict=True, max_length=500)] = ""
    basis: Literal["law", "guidance", "convention", "organisation"]
    explanation: Text

    @property
    def region(self) -> tuple[float, float] | None:
        """The closed region (low, high) that the metric must lie in; None if there is none."""
        if self.between is not None:
            return self.between
        if self.at_least is not None:
            return (self.at_least, math.inf)
        return None if self.at_most is None else (-math.inf, self.at_most)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for rule in _RULES:
            rule(self)
        return self


def _metric_fits_kind(requirement: Requirement) -> None:
    if requirement.kind == "attested" and requirement.metric is not None:
        raise _contradiction("an attested requirement names no metric: a person vouches for it")
    if requirement.kind != "attested" and requirement.metric is None:
        raise _contradiction("a requirement that is {kind} names a metric", kind=requirement.kind)


def _one_region(requirement: Requirement) -> None:
    bounds = (requirement.at_least, requirement.at_most, requirement.between)
    given = sum(bound is not None for bound in bounds)
    if requirement.kind == "bound" and given != 1:
        raise _contradiction(
            "a bound requirement has exactly one of at_least, at_most and between, and this has "
            "{given}",
            given=given,
        )
    if requirement.kind != "bound" and given:
        raise _contradiction(
            "a requirement that is {kind} has no at_least, at_most or between",
            kind=requirement.kind,
        )
    if requirement.between is not None and requirement.between[0] >= requirement.between[1]:
        raise _contradiction(
            "between: the first number, {low}, must be smaller than the second, {high}",
            low=requirement.between[0],
            high=requirement.between[1],
        )


def _proxies_fit(requirement: Requirement) -> None:
    if requirement.proxy_metric is None:
        return
    if requirement.slices != "groups":
        raise _contradiction(
            "proxy_metric stands in for metric where groups are known by probabilities, so it goes "
            "with slices: groups"
        )
    if requirement.proxy_metric == requirement.metric:
        raise _contradiction("proxy_metric is the metric itself: name one of them")


_OF_A_MEASUREMENT: dict[str, Any] = {
    "proxy_metric": None,
    "slices": "all",
    "split": None,
    "head": None,
    "label": None,
    "reference": None,
    "min_units": None,
    "small_groups": None,
}


def _attested_is_bare(requirement: Requirement) -> None:
    if requirement.kind != "attested":
        return
    for name, empty in _OF_A_MEASUREMENT.items():
        if getattr(requirement, name) != empty:
            raise _contradiction(
                "an attested requirement has no {name}: nothing is measured", name=name
            )


_BOTH_WAYS = frozenset({"bias.equalised_odds_difference"})
"""Distances, which are the same whichever of the two is the reference: `at_most` holds both."""


def _reference_fits(requirement: Requirement) -> None:
    if requirement.reference is None:
        return
    if requirement.slices == "all":
        raise _contradiction(
            "reference compares groups, and slices is all: name the groups, for example with "
            "slices: groups"
        )
    # Compared with one fixed reference, a one-sided region would let the reference itself be the
    # group that is treated badly. All ordered pairs hold each pair to the region both ways.
    one_way = requirement.metric not in _BOTH_WAYS and requirement.reference != "highest"
    if requirement.kind == "bound" and one_way:
        bound = requirement.at_least if requirement.at_most is None else requirement.at_most
        if bound is not None:
            raise _contradiction(
                "a comparison with a fixed reference is two-sided: write {between} in place of "
                "{bound}, or reference: highest for all pairs",
                between=_two_sided(str(requirement.metric), bound),
                bound=bound,
            )


def _two_sided(metric: str, bound: float) -> str:
    """The two-sided region that a one-sided bound stands for.

    >>> _two_sided("bias.impact_ratio", 0.8), _two_sided("bias.selection_rate_difference", 0.1)
    ('between: [0.8, 1.25]', 'between: [-0.1, 0.1]')
    """
    if metric.endswith("_ratio") and bound > 0:
        ends = sorted((bound, 1 / bound))
    else:
        ends = [-abs(bound), abs(bound)]
    return f"between: [{ends[0]:g}, {ends[1]:g}]"


def _sourced(requirement: Requirement) -> None:
    if requirement.basis in ("law", "guidance") and not requirement.clause.strip():
        raise _contradiction(
            "basis is {basis}, so clause must say where it is written", basis=requirement.basis
        )


_RULES = (
    _metric_fits_kind,
    _one_region,
    _attested_is_bare,
    _proxies_fit,
    _reference_fits,
    _sourced,
)


class Policy(Strict):
    """What an organisation asks of a model before it may go live.

    Attributes:
        id: names the policy in records.
        title: one line for a reader.
        version: of the policy, a text such as "1.2".
        description: what it is for, and what it is not.
        alpha: one-sided error of each decision, over all looks at one model together.
        minimum_share: groups that hold a smaller share of the rows are not judged like the others.
        small_groups: what becomes of those: `list` names them in the judgement, `block` blocks.
        max_age: days after which a record is too old for `auditkit gate`.
        reviewers: who may approve waivers; empty: anybody but whoever asked.
        requirements: what is asked.
    """

    id: Identifier
    title: Text
    version: Text
    description: Text
    alpha: Annotated[float, Field(strict=True, gt=0, le=0.2)] = DEFAULT_ALPHA
    minimum_share: Annotated[float, Field(strict=True, gt=0, lt=0.5)] | None = None
    small_groups: Literal["list", "block"] = "list"
    max_age: Annotated[int, Field(strict=True, ge=1)] | None = None
    reviewers: tuple[Name, ...] = ()
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1, max_length=500)]

    _source: str = PrivateAttr(default="")
    _source_of: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _ids_unique(self) -> Self:
        seen: set[str] = set()
        for requirement in self.requirements:
            if requirement.id in seen:
                raise _contradiction(
                    "two requirements have the id {id}: give each its own", id=requirement.id
                )
            seen.add(requirement.id)
        return self

    def with_source(self, text: str) -> Policy:
        """The same policy, remembering the text that it was read from."""
        policy = self.model_copy()
        policy._source, policy._source_of = text, self._content()
        return policy

    def _content(self) -> str:
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False)

    @property
    def text(self) -> str:
        """The YAML that it was read from; written anew where it was made or changed in Python.

        JSON is YAML, so that what is written anew can be read back by `policy_from_text`.
        """
        content = self._content()
        # A copy with other fields carries the private text along: it must not pass for that text.
        return self._source if self._source and self._source_of == content else content

    @property
    def digest(self) -> str:
        """`sha256:…` of the text; line endings aside, which git changes on checkout."""
        text = self.text.replace("\r\n", "\n")
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
