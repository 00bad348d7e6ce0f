"""action.yml: its steps, run as a runner of GitHub Actions would, with but a repository and Python."""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from runner import EXPRESSION, Job, make_python, run_action

import archlab

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf8"))
STEPS = ACTION["runs"]["steps"]
REGRESS = "Train what is missing, compare with the baseline"
SWEEP = """
base: base.cfg
swaps:
  textcat.model: [spacy.TextCatBOW.v3: {length: 4096}]
overrides:
  vars.train_size: 200
  training.optimizer.learn_rate: 0.001
limits: {max_steps: 50}
keep_models: none
regress:
  scores: {cats_micro_f: {absolute: 0.1, tolerance: null}}
score: cats_micro_f
"""


def test_no_input_becomes_part_of_a_script() -> None:
    """Whoever names a branch could run commands otherwise; all come through the environment."""
    assert not [step["name"] for step in STEPS if EXPRESSION.search(step.get("run", ""))]


def test_what_is_not_ours_is_pinned_to_a_commit() -> None:
    used = re.findall(r"uses: (.*)", (ROOT / "action.yml").read_text(encoding="utf8"))
    assert len(used) == 4
    assert not [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", name)]


def test_expressions_name_what_there_is() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    written = set(re.findall(r"steps\.(?:key|regress)\.outputs\.([\w-]+)", text))
    assert all(re.search(rf"{name}={{", text) for name in written)
    assert set(re.findall(r"steps\.(\w+)\.", text)) == {step["id"] for step in STEPS if "id" in step}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    shutil.copy(ROOT / "configs" / "base.cfg", folder)
    (folder / "intents.yml").write_text(SWEEP, encoding="utf8")
    return folder


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """What a runner downloads: the files of the project."""
    folder = tmp_path / "action"
    shutil.copytree(ROOT / "archlab", folder / "archlab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("action.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


class Others:
    """What the actions of others do: they keep folders and hand over files."""

    def __init__(self, repository: Path, kept: Path) -> None:
        self.repository, self.kept = repository, kept
        self.used: list[str] = []
        self.handed_over: dict[str, str] = {}

    def __call__(self, name: str, inputs: Mapping[str, str]) -> dict[str, str]:
        self.used.append(name)
        if name == "actions/cache/save":
            shutil.copytree(self.repository / inputs["path"], self.kept / inputs["key"])
        elif name == "actions/cache/restore":
            return self.restore(inputs)
        else:
            files = Path(inputs["path"]).iterdir()
            self.handed_over = {file.name: file.read_text(encoding="utf8") for file in files}
        return {}

    def restore(self, inputs: Mapping[str, str]) -> dict[str, str]:
        found = sorted(self.kept.glob(f"{inputs['restore-keys']}*"))
        exact = self.kept / inputs["key"]
        if found:
            folder = exact if exact in found else found[-1]
            shutil.copytree(folder, self.repository / inputs["path"], dirs_exist_ok=True)
        return {"cache-hit": "true" if exact in found else "false" if found else ""}


def check_out(folder: Path) -> None:
    """Leave of a sweep's folder what is committed."""
    for path in folder.glob("*"):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "baseline.json":
            path.unlink()


@pytest.mark.slow
def test_its_steps_in_an_empty_folder(
    repository: Path,
    action: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    golden: Callable[[str, str], None],
) -> None:
    python, temp, kept = make_python(tmp_path / "python"), tmp_path / "temp", tmp_path / "kept"
    temp.mkdir()
    kept.mkdir()
    others = Others(repository, kept)

    def run(**inputs: str) -> Job:
        others.used, others.handed_over = [], {}
        check_out(repository / "experiments" / "intents")
        return run_action(action, repository, inputs, use=others, path=python, temp=temp)

    first = run(sweep="intents.yml")
    assert "Successfully installed archlab" in first.log
    assert (first.codes["Install archlab"], first.codes[REGRESS]) == (0, 5)
    assert 'Make one: archlab regress intents.yml --update --reason "..."' in first.log
    assert others.used == ["actions/cache/restore"], "what was not judged is not kept"

    evil = run(sweep="$(touch injected)`touch injected`'\";.yml", archlab="none")
    assert (evil.codes[REGRESS], others.used) == (3, [])
    assert not list(repository.rglob("injected"))

    monkeypatch.chdir(repository)
    archlab.regress("intents.yml", update="the first", engine="inline")
    (repository / "intents.yml").write_text(SWEEP.replace("50}", "50, minutes: 0.0005}"), encoding="utf8")
    hasty = run(sweep="intents.yml", archlab="none")
    assert hasty.codes == {"Name the cache": 0, REGRESS: 1}
    (partial,) = kept.iterdir()
    assert partial.name == f"Linux-X64-{hasty.outputs['key']['key']}-17-1", "a run has failed"

    (repository / "intents.yml").write_text(SWEEP, encoding="utf8")
    passed = run(sweep="intents.yml", archlab="none")
    assert passed.codes == {"Name the cache": 0, REGRESS: 0}
    assert passed.outputs["key"] == hasty.outputs["key"]
    assert passed.outputs["restore"] == {"cache-hit": "false"}, "what has failed is brought back"
    assert "1 run; 0 known, 1 to do" in passed.log, "and tried again"
    assert {folder.name for folder in kept.iterdir()} - {partial.name} == {partial.name.removesuffix("-17-1")}
    assert passed.outputs["regress"]["report"] != hasty.outputs["regress"]["report"]
    assert others.used == ["actions/cache/restore", "actions/cache/save", "actions/upload-artifact"]
    assert sorted(others.handed_over) == ["verdict.json", "verdict.md", "verdict.xml"]
    assert passed.summary == others.handed_over["verdict.md"]
    assert passed.summary.startswith("### intents: passed\n")

    again = run(sweep="intents.yml", archlab="none", artifact="")
    assert "1 run; 1 known, 0 to do" in again.log
    assert others.used == ["actions/cache/restore"], "the same results are kept already"
    assert again.outputs["key"] == passed.outputs["key"]

    (repository / "intents.yml").write_text(SWEEP.replace("0.001", "0.0"), encoding="utf8")
    failed = run(sweep="intents.yml", archlab="none", cache="true")
    assert failed.codes == {"Name the cache": 0, REGRESS: 1}
    assert failed.outputs["regress"]["exit-code"] == "1"
    assert others.used == ["actions/cache/restore", "actions/cache/save", "actions/upload-artifact"]
    assert failed.outputs["restore"] == {"cache-hit": "false"}, "those of the older state are brought back"
    annotations = [line for line in failed.log.splitlines() if line.startswith("::")]
    golden("action_annotations", "\n".join(annotations) + "\n")
    assert failed.summary.startswith("### intents: failed\n")
