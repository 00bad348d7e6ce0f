"""A runner of GitHub Actions, as far as a composite action needs one: nothing of it comes from elsewhere.

https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
COMPARISON = re.compile(r"(?P<value>[\w.-]+) (?P<sign>==|!=) '(?P<text>[^']*)'")
SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
    "python": ("python",),
}
"""As the page on workflow syntax gives them."""

Used = Callable[[str, Mapping[str, str]], dict[str, str]]
"""What an action of others does: (its name, its inputs) -> its outputs."""


@dataclass
class Job:
    """What came of an action: each step's exit code, what was printed, outputs by step, and the summary."""

    codes: dict[str, int] = field(default_factory=dict)
    log: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""

    @property
    def failed(self) -> bool:
        return any(self.codes.values())


def run_action(
    action: Path, workspace: Path, inputs: Mapping[str, str], *, use: Used, path: Path, temp: Path
) -> Job:
    """Do the steps of an action in a workspace. path: the folder of `python` and what pip installs."""
    data = yaml.safe_load((action / "action.yml").read_text(encoding="utf8"))
    given = {name: str(said.get("default", "")) for name, said in data["inputs"].items()} | dict(inputs)
    job, temp_files = Job(), {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    temp_files["GITHUB_STEP_SUMMARY"].write_text("", encoding="utf8")
    environment = {
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(temp),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_RUN_ID": "17",
        "GITHUB_RUN_ATTEMPT": "1",
        "RUNNER_TEMP": str(temp),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: without
        **{name: str(file) for name, file in temp_files.items()},
    }
    for step in data["runs"]["steps"]:
        if not _applies(step.get("if", ""), given, job):
            continue
        name = step["name"]
        if "uses" in step:
            known = {key: _filled(str(value), given, job) for key, value in step["with"].items()}
            job.outputs[step.get("id", name)] = use(step["uses"].partition("@")[0], known)
            continue
        script = temp / f"script{len(job.codes)}"
        script.write_text(_filled(step["run"], given, job), encoding="utf8")
        temp_files["GITHUB_OUTPUT"].write_text("", encoding="utf8")
        own = {key: _filled(value, given, job) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            [*SHELLS[step["shell"]], str(script)],
            cwd=workspace / _filled(step.get("working-directory", "."), given, job),
            env=environment | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        job.codes[name], job.log = done.returncode, f"{job.log}{done.stdout}"
        lines = temp_files["GITHUB_OUTPUT"].read_text(encoding="utf8").splitlines()
        job.outputs[step.get("id", name)] = dict(line.split("=", 1) for line in lines)
    job.summary = temp_files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf8")
    return job


def _applies(condition: str, inputs: Mapping[str, str], job: Job) -> bool:
    """Whether a step runs: by its condition, and after a failure only where that says always()."""
    always = False
    for part in condition.split(" && ") if condition else ():
        if part == "always()":
            always = True
            continue
        comparison = COMPARISON.fullmatch(part)
        assert comparison, f"the runner of these tests does not know {part!r}"
        equal = _value(comparison["value"], inputs, job) == comparison["text"]
        if equal is not (comparison["sign"] == "=="):
            return False
    return always or not job.failed


def _filled(text: str, inputs: Mapping[str, str], job: Job) -> str:
    return EXPRESSION.sub(lambda found: _value(found[1], inputs, job), text)


def _value(expression: str, inputs: Mapping[str, str], job: Job) -> str:
    """What a context gives; a step that did not run has no outputs."""
    match expression.split("."):
        case ["inputs", name]:
            return inputs[name]
        case ["steps", step, "outputs", name]:
            return job.outputs.get(step, {}).get(name, "")
        case ["runner", name]:
            return {"os": "Linux", "arch": "X64"}[name]
        case _:
            raise AssertionError(f"the runner of these tests does not know {expression!r}")


def make_python(folder: Path) -> Path:
    """A new Python that finds what this one has installed, pip too; the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "installed.pth").write_text("\n".join(installed), encoding="utf8")
    return folder / "bin"
