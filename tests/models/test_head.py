"""The declaration of a model's outputs, and what is said where it contradicts itself."""

from __future__ import annotations

import json

import pytest

from auditkit.errors import ConfigurationError
from auditkit.models.declaration import make_decision, make_heads
from auditkit.models.head import Decision, Head, Outputs, Task


def unit_error(output, target):
    return (output - target).abs()


def test_a_declaration_from_plain_words_is_normalised() -> None:
    head = Head("", "binary", "logits", ["no", 1], Decision(favourable="no"))  # type: ignore[arg-type]
    assert head.task is Task.BINARY
    assert head.outputs is Outputs.LOGITS
    assert head.classes == ("no", "1")
    assert head.positive == "1"
    assert head.probabilistic


def test_defaults_say_no_more_than_they_must() -> None:
    assert Head("", Task.BINARY).classes == ("0", "1")
    assert Head("", Task.BINARY).outputs is None
    assert not Head("", Task.BINARY).probabilistic
    assert Head("", Task.REGRESSION).outputs is Outputs.VALUES


def test_a_description_survives_json() -> None:
    head = Head("risk", Task.CUSTOM, unit_metrics=unit_error)
    assert json.loads(json.dumps(head.describe())) == {
        "name": "risk",
        "task": "custom",
        "outputs": None,
        "classes": [],
        "decision": None,
        "unit_metrics": "unit_error",
        "quantiles": [],
    }
    decided = Head("", Task.MULTICLASS, None, ("a", "b", "c"), Decision("argmax", favourable="c"))
    assert decided.describe()["decision"] == {
        "rule": "argmax",
        "threshold": None,
        "favourable": "c",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"task": "ranking"}, "task is 'ranking'; expected one of binary, multiclass"),
        ({"task": "binary", "outputs": "odds"}, "outputs is 'odds'; expected one of logits"),
        ({"task": "binary", "classes": "yes"}, "classes='yes'; expected a list of labels"),
        ({"task": "binary", "classes": ("a", "b", "c")}, "has 3 classes ('a', 'b', 'c')"),
        ({"task": "binary", "classes": ("a", "a")}, "the class 'a' more than once"),
        ({"task": "multiclass"}, "has 0 classes; expected at least 2"),
        ({"task": "multilabel"}, "has 0 classes; expected at least 1"),
        ({"task": "custom"}, "custom and has no unit_metrics"),
        ({"task": "custom", "classes": ("a",), "unit_metrics": len}, "which nothing would read"),
        ({"task": "binary", "unit_metrics": len}, "which only 'custom' uses"),
        ({"task": "regression", "outputs": "logits"}, "a regression with outputs logits"),
        ({"task": "regression", "decision": Decision()}, "only a classification decides"),
        (
            {"task": "multiclass", "classes": ("a", "b"), "decision": Decision()},
            "decides by 'threshold'; expected 'argmax'",
        ),
        (
            {"task": "multilabel", "classes": ("a",), "decision": Decision("argmax")},
            "decides by 'argmax'; expected 'threshold'",
        ),
        (
            {"task": "binary", "outputs": "logits", "decision": Decision(favourable=">50K")},
            "favourable outcome '>50K', which is none of its classes ('0', '1')",
        ),
        ({"task": "binary", "decision": Decision()}, "its outputs are undeclared"),
        (
            {"task": "binary", "outputs": "values", "decision": Decision("argmax")},
            "its outputs are values; expected one of logits, probabilities",
        ),
        (
            {"task": "binary", "outputs": "logits", "decision": Decision(threshold=1.5)},
            "expected a probability between 0 and 1",
        ),
    ],
)
def test_contradictions_are_named(arguments: dict, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Head("", **arguments)
    assert said in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rule": "top"}, "the decision's rule is 'top'"),
        ({"threshold": float("nan")}, "threshold is nan; expected a finite number"),
        ({"threshold": True}, "threshold is true"),
        ({"rule": "argmax", "threshold": 0.3}, "argmax knows none"),
    ],
)
def test_an_impossible_decision_is_refused(arguments: dict, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Decision(**arguments)
    assert said in str(caught.value).lower()


def test_a_threshold_on_values_may_be_any_number() -> None:
    assert Head("", Task.BINARY, Outputs.VALUES, decision=Decision(threshold=-3)).decision


def test_a_regression_may_name_several_numbers() -> None:
    assert Head("", Task.REGRESSION, classes=("north", "east")).classes == ("north", "east")


def test_one_head_from_arguments() -> None:
    (head,) = make_heads("binary", None, {"outputs": "logits", "decision": {"threshold": 0.2}})
    assert head == Head("", Task.BINARY, Outputs.LOGITS, ("0", "1"), Decision(threshold=0.2))


def test_several_heads_from_a_mapping_or_a_sequence() -> None:
    plain = {"age": {"task": "regression"}, "sex": {"task": "binary", "outputs": "logits"}}
    made = make_heads(None, plain, {})
    assert [head.name for head in made] == ["age", "sex"]
    assert make_heads(None, made, {}) == made
    assert make_heads(None, {"years": made[0]}, {})[0].name == "years"


@pytest.mark.parametrize(
    ("task", "heads", "options", "said"),
    [
        (None, None, {}, "neither task and heads"),
        ("binary", {"a": {"task": "binary"}}, {}, "both task and heads"),
        (None, {"a": {"task": "binary"}}, {"outputs": "logits"}, "beside them outputs"),
        (None, [], {}, "expected at least one"),
        (None, [Head("", Task.BINARY), Head("a", Task.BINARY)], {}, "a name of its own"),
        (None, [Head("a", Task.BINARY), Head("a", Task.BINARY)], {}, "a name of its own"),
        (None, {"a": {"task": "binary", "clases": ("x", "y")}}, {}, "unknown argument 'clases'"),
        (None, {"a": {"outputs": "logits"}}, {}, "has no task"),
    ],
)
def test_wrong_heads_are_refused(task, heads, options, said) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_heads(task, heads, options)
    assert said in str(caught.value)


def test_a_decision_of_another_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"decision is 0\.5; expected a Decision"):
        make_decision(0.5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="favorable"):
        make_decision({"favorable": "yes"})
