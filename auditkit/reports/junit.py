"""JUnit XML: a test case for each verdict, so that any CI shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from auditkit.policy.verdict import Judgement, Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.findings import finding
from auditkit.reports.text import shorten, visible

NAME = 200
"""Characters of a test case's name."""


def render(record: AuditRecord) -> str:
    """The verdicts of a record as JUnit XML.

    What blocks is a failure, so that a CI is red exactly where the exit code says so. What only
    warns, and what was waived, is skipped, with the reason. Without a judgement there is one
    skipped case, since a suite without cases reads as a success.

    Names depend on requirement and subject alone, so that a CI can follow one case over runs.
    """
    suite = Element("testsuite", {"name": shorten(f"auditkit {record.name}", NAME)})
    suite.set("timestamp", visible(record.created))
    _properties(suite, record)
    judgement = record.judgement
    cases = _cases(judgement, record) if judgement is not None else iter([_unjudged()])
    suite.extend(list(cases))
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": 0,
        "skipped": len(suite.findall("testcase/skipped")),
    }
    for name, number in counts.items():
        suite.set(name, str(number))
    root = Element("testsuites", {"name": "auditkit", **{k: str(v) for k, v in counts.items()}})
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _properties(suite: Element, record: AuditRecord) -> None:
    values = {"record": record.id, "auditkit": record.version}
    values.update({f"digest.{name}": text for name, text in record.digests.items()})
    if record.judgement is not None:
        values["policy"] = record.judgement.policy
        values["outcome"] = record.judgement.outcome.value
        values["exit_code"] = str(int(record.judgement.exit_code))
        values["look"] = str(record.judgement.look)
        values["exploratory"] = str(record.judgement.exploratory).lower()
    properties = SubElement(suite, "properties")
    for name, value in values.items():
        SubElement(properties, "property", {"name": visible(name), "value": visible(value)})


def _unjudged() -> Element:
    case = Element("testcase", {"classname": "auditkit", "name": "judged by a policy"})
    SubElement(case, "skipped", {"message": "No policy was asked: nothing was judged."})
    return case


def _cases(judgement: Judgement, record: AuditRecord) -> Iterator[Element]:
    seen: Counter[tuple[str, str]] = Counter()
    for verdict in judgement.verdicts:
        owner = shorten(f"{judgement.policy}.{verdict.requirement}", NAME)
        name = shorten(verdict.subject, NAME)
        seen[owner, name] += 1
        if seen[owner, name] > 1:
            name = f"{name} ({seen[owner, name]})"
        case = Element("testcase", {"classname": owner, "name": name, "time": "0"})
        _result(case, verdict, record)
        yield case


def _result(case: Element, verdict: Verdict, record: AuditRecord) -> None:
    status = verdict.status
    if status is VerdictStatus.PASS:
        return
    tag = "failure" if verdict.blocks else "skipped"
    title = verdict.title or verdict.requirement
    waived = f" (waiver {verdict.waiver})" if verdict.waiver else ""
    result = SubElement(case, tag, {"message": visible(f"{status.value}{waived}: {title}")})
    if verdict.blocks:
        result.set("type", status.value)
    result.text = visible(_text(verdict, record))


def _text(verdict: Verdict, record: AuditRecord) -> str:
    source = ", ".join(part for part in (verdict.clause, verdict.basis) if part)
    lines = [verdict.reason, finding(verdict, record), source and f"Source: {source}."]
    return "\n".join(line for line in lines if line)
