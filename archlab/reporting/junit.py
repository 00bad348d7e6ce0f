"""The verdict of the CI gate as JUnit's XML: a test case for each rule and variant.

The format is what Jenkins' xunit plugin accepts, junit-10.xsd; GitLab and others read it, too. The standard
library writes it: junitparser and junit-xml would leave escaping and order to the same module.
"""

from xml.etree import ElementTree

from archlab.plain import printable
from archlab.reporting.verdicts import compared_with, sentence, where
from archlab.results.gate_findings import Finding, Verdict

SKIPPED = ("skipped", "unchanged")


def junit_xml(verdict: Verdict, file: str) -> str:
    """One suite: failed and vanished are failures, skipped and unchanged are skipped, and what else there is
    to say goes to system-out. file: the baseline's, as a person finds it."""
    findings = verdict.findings
    counts = {
        "tests": len(findings),
        "failures": sum(finding.fails for finding in findings),
        "errors": 0,
        "skipped": sum(finding.status in SKIPPED for finding in findings),
    }
    root = ElementTree.Element("testsuites")
    named = {"name": f"archlab regress {verdict.sweep}", **{key: str(n) for key, n in counts.items()}}
    suite = ElementTree.SubElement(root, "testsuite", _plain(named))
    for finding in findings:
        _add_case(suite, verdict.sweep, finding)
    ElementTree.SubElement(suite, "system-out").text = _text(compared_with(verdict, file))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_case(suite: ElementTree.Element, sweep: str, finding: Finding) -> None:
    name = finding.rule if finding.metric is None else f"{finding.rule} {finding.metric}"
    attributes = {"classname": f"{sweep}.{finding.variant}", "name": name}
    case = ElementTree.SubElement(suite, "testcase", _plain(attributes))
    if finding.fails:
        about = {"message": finding.message, "type": finding.status}
        told = "\n".join(line for line in (sentence(finding), where(finding)) if line)
        ElementTree.SubElement(case, "failure", _plain(about)).text = _text(told)
    elif finding.status in SKIPPED:
        ElementTree.SubElement(case, "skipped", _plain({"message": finding.message}))
    else:
        ElementTree.SubElement(case, "system-out").text = _text(sentence(finding))


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    return {name: _text(text) for name, text in attributes.items()}


def _text(text: str) -> str:
    """What XML may hold: two characters that are none besides what nobody should see."""
    return printable(text).translate({0xFFFE: None, 0xFFFF: None})
