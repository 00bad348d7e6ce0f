"""--changed-since REV: what is the same as at a revision of git is not trained."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

import archlab
from archlab.errors import ExtraError
from archlab.planning.changes import Changes
from archlab.planning.plans import Plan
from archlab.planning.revisions import Repository
from archlab.reporting.planned import told_changes

if TYPE_CHECKING:
    from conftest import Cli

SWEEP = """
base: base.cfg
swaps:
  textcat.model: [base, spacy.TextCatBOW.v3, spacy.TextCatReduce.v1]
overrides:
  initialize.vocab_data: words.jsonl
"""


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "as it was")


@pytest.fixture
def repository(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose sweep reads a file that git ignores, committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(workplace, "init", "--quiet")
    (workplace / "configs" / "intents.yml").write_text(SWEEP, encoding="utf8")
    (workplace / "words.jsonl").write_text('{"lang": "en"}\n', encoding="utf8")
    (workplace / "blocks.py").write_text("# none yet\n", encoding="utf8")
    (workplace / ".gitignore").write_text("words.jsonl\n", encoding="utf8")
    commit(workplace)
    return workplace


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf8")


def changed(planned: Plan) -> list[str]:
    return [spec.variant for spec in planned.runs if spec.run_id not in planned.unchanged]


def told(planned: Plan) -> list[str]:
    assert planned.changes is not None
    return [line.replace(planned.changes.commit[:12], "COMMIT") for line in told_changes(planned)]


def test_only_the_variants_that_a_change_touches_are_done(repository: Path) -> None:
    edit(repository / "configs" / "intents.yml", "Reduce.v1]", "Reduce.v1: {use_reduce_max: true}]")
    (repository / "README.md").write_text("New, and nobody's input.\n", encoding="utf8")
    before = git(repository, "status", "--porcelain"), sorted(repository.iterdir())
    planned = archlab.plan("configs/intents.yml", code=["blocks.py"], changed_since="HEAD")
    assert changed(planned) == ["TextCatReduce.v1(use_reduce_max=True)"]
    assert told(planned) == [
        "since HEAD (COMMIT) 1 of 3 variants changed",
        f"git does not know {repository / 'words.jsonl'}: taken as unchanged",
    ]
    assert planned.changes is not None
    assert not planned.changes.other_rules
    assert (git(repository, "status", "--porcelain"), sorted(repository.iterdir())) == before


def test_another_file_of_code_changes_all(repository: Path) -> None:
    edit(repository / "blocks.py", "none yet", "still none")
    planned = archlab.plan("configs/intents.yml", code=["blocks.py"], changed_since="HEAD")
    assert len(changed(planned)) == 3


def test_a_file_that_both_plans_find_at_the_same_place_counts_by_its_content(repository: Path) -> None:
    """An absolute path leads the plan of the old files to the new one."""
    git(repository, "add", "--force", "words.jsonl")
    commit(repository)
    edit(repository / "words.jsonl", "en", "de")
    edit(repository / "configs" / "intents.yml", "words.jsonl", str(repository / "words.jsonl"))
    commit(repository)
    planned = archlab.plan("configs/intents.yml", changed_since="HEAD")
    assert changed(planned) == []
    edit(repository / "words.jsonl", "de", "fr")
    planned = archlab.plan("configs/intents.yml", changed_since="HEAD")
    assert (len(changed(planned)), planned.changes and planned.changes.untracked) == (3, ())


def test_where_the_old_sweep_cannot_be_planned_all_has_changed(repository: Path) -> None:
    edit(repository / "configs" / "intents.yml", "swaps:", "swops:")
    commit(repository)
    edit(repository / "configs" / "intents.yml", "swops:", "swaps:")
    planned = archlab.plan("configs/intents.yml", changed_since="HEAD")
    (line,) = told(planned)
    assert line.startswith("since HEAD (COMMIT) all counts as changed: it could not be planned then: ")
    assert line.endswith("intents.yml:3: a sweep has no key swops.")
    assert len(changed(planned)) == 3


def test_a_new_sweep_has_changed_as_a_whole(repository: Path) -> None:
    (repository / "configs" / "new.yml").write_text(SWEEP, encoding="utf8")
    planned = archlab.plan("configs/new.yml", changed_since="HEAD")
    assert told(planned) == ["since HEAD (COMMIT) all counts as changed: configs/new.yml was not there yet"]


def test_a_base_that_git_does_not_know_is_not_believed(repository: Path) -> None:
    """It would be linked into the files of then, and be its own proof."""
    git(repository, "mv", "configs/base.cfg", "configs/theirs.cfg")
    (repository / ".gitignore").write_text("words.jsonl\ntheirs.cfg\n", encoding="utf8")
    edit(repository / "configs" / "intents.yml", "base.cfg", "theirs.cfg")
    git(repository, "rm", "--quiet", "--cached", "configs/theirs.cfg")
    commit(repository)
    edit(repository / "configs" / "theirs.cfg", "dropout = 0.", "dropout = 0.0")
    planned = archlab.plan("configs/intents.yml", changed_since="HEAD")
    assert told(planned) == [
        "since HEAD (COMMIT) all counts as changed: git did not know its base theirs.cfg"
    ]
    assert len(changed(planned)) == 3


def test_a_moved_base_changes_nothing(repository: Path) -> None:
    git(repository, "mv", "configs/base.cfg", "configs/moved.cfg")
    edit(repository / "configs" / "intents.yml", "base.cfg", "moved.cfg")
    assert changed(archlab.plan("configs/intents.yml", changed_since="HEAD")) == []


@pytest.mark.parametrize("then", ["regress: {tolerance: 0.5}", "score: cats_micro_f"])
def test_that_the_gate_had_other_rules_is_known(repository: Path, then: str) -> None:
    sweep = repository / "configs" / "intents.yml"
    sweep.write_text(f"{SWEEP}{then}\n", encoding="utf8")
    commit(repository)
    sweep.write_text(f"{SWEEP}# none of its own\n", encoding="utf8")
    changes = archlab.plan("configs/intents.yml", changed_since="HEAD").changes
    assert changes is not None
    assert (changes.other_rules, len(changes.unchanged)) == (True, 3)


@pytest.mark.usefixtures("repository")
def test_a_grid_leaves_alone_what_has_not_changed(cli: "Cli", monkeypatch: pytest.MonkeyPatch) -> None:
    planned = archlab.plan("configs/intents.yml")
    same = frozenset(spec.run_id for spec in planned.runs[1:])

    def since(revision: str, *_: object, **__: object) -> Changes:
        return Changes(revision=revision, commit="c" * 40, unchanged=same)

    monkeypatch.setattr("archlab.planning.plans.changes_since", since)
    command = ("grid", "configs/intents.yml", "--dry-run", "--changed-since", "main")
    done = cli(*command)
    assert done.code == 0
    assert done.err.endswith("since main (cccccccccccc) 1 of 3 variants changed\n")
    counts = "3 variants x 1 seed = 3 runs; 2 unchanged, 0 known, 1 to do"
    assert done.out.startswith(f"intents: {counts}; cpu x 1\n")
    variants = json.loads(cli(*command, "--format", "json").out)["variants"]
    runs = [run for variant in variants for run in variant["runs"]]
    assert [run["unchanged"] for run in runs] == [False, True, True]
    assert not any(run["known"] for run in runs)


def test_what_git_cannot_tell_is_said(
    cli: "Cli", repository: Path, tmp_path_factory: pytest.TempPathFactory, golden: Callable[[str, str], None]
) -> None:
    command = ("grid", "configs/intents.yml", "--dry-run", "--quiet", "--changed-since")
    commit(repository)
    shallow = tmp_path_factory.mktemp("shallow") / "clone"
    git(repository, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(shallow))
    (shallow / "words.jsonl").write_text('{"lang": "en"}\n', encoding="utf8")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "intents.yml").write_text(f"base: {repository}/configs/base.cfg\n", encoding="utf8")
    ends = {
        "a slip": cli(*command, "mian"),
        "an option": cli(*command, "--all"),
        "a shallow clone": cli("grid", shallow / "configs" / "intents.yml", *command[2:], "HEAD~1"),
        "no repository": cli("grid", outside / "intents.yml", *command[2:], "HEAD"),
    }
    text = "".join(f"{name}: exit code {done.code}\n{done.err}" for name, done in ends.items())
    golden("changed_since", text.replace(str(outside), "OUTSIDE"))


def test_without_git_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ExtraError, match="There is no git on this machine") as error:
        Repository.around(ROOT)
    assert error.value.exit_code == 3


def test_links_of_then_lead_nowhere(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What git does not know is linked into the files of then, and never beside them."""
    outside, trees = tmp_path_factory.mktemp("outside"), tmp_path_factory.mktemp("trees")
    for name, target in (("led-out", outside), ("led-nowhere", trees / "gone")):
        (repository / name).symlink_to(target)
    (repository / "kept").mkdir()
    (repository / "kept" / "tracked.txt").write_text("", encoding="utf8")
    commit(repository)
    (repository / "led-out").unlink()
    (repository / "led-out").mkdir()
    (repository / "led-nowhere").unlink()
    (repository / ".gitignore").write_text("words.jsonl\nled-nowhere\n", encoding="utf8")
    (repository / "led-out" / "tracked.txt").write_text("", encoding="utf8")
    git(repository, "add", "--all")
    for folder in ("led-out", "kept"):
        (repository / folder / "words.jsonl").write_text("", encoding="utf8")
    (repository / "led-nowhere").write_text("now a file", encoding="utf8")
    Repository(repository).check_out(git(repository, "rev-parse", "HEAD"), trees / "tree")
    assert list(outside.iterdir()) == []
    assert (trees / "tree" / "kept" / "words.jsonl").is_symlink()
    assert (trees / "tree" / "led-nowhere").readlink() == trees / "gone"


def test_the_environment_of_a_hook_does_not_mislead(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, head = tmp_path_factory.mktemp("other"), git(repository, "rev-parse", "HEAD")
    git(other, "init", "--quiet")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / "index",
        "GIT_PREFIX": "configs/",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    found = Repository.around(repository / "configs")
    assert (found.root, found.commit("HEAD")) == (repository, head)
    assert found.tracked([Path("configs/base.cfg")]) == {Path("configs/base.cfg")}
