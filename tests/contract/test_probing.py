"""The probe finds what only running shows, calls nothing that trains an error, and leaves nothing behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from conftest import ROOT

import archlab
from archlab.checking.probing import check_probe
from archlab.configs.code import import_code
from archlab.configs.filling import fill_config
from archlab.configs.loading import override_config, parse_config
from archlab.records import Finding, Report

if TYPE_CHECKING:
    from confection import Config
    from conftest import Cli

FACTORIES = (
    "textcat_multilabel",
    "tagger",
    "morphologizer",
    "senter",
    "trainable_lemmatizer",
    "parser",
    "ner",
    "beam_parser",
    "beam_ner",
    "spancat",
    "spancat_singlelabel",
    "span_finder",
)

CODE = Path(__file__).with_name("probed_blocks.py")


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("code") / "probe_blocks.py"
    file.write_bytes(CODE.read_bytes())
    import_code([file])
    return file


@pytest.fixture(autouse=True)
def _process(forked_probes: None) -> None:
    """The process of a probe; TestProcess has it as archlab starts it."""


@pytest.fixture
def base(workplace: Path) -> "Config":
    return archlab.load_config(workplace / "configs" / "base.cfg")


def pipeline(*factories: str, extra: str = "") -> "Config":
    sections = "\n".join(f'[components.{name}]\nfactory = "{name}"\n' for name in factories)
    names = ", ".join(f'"{name}"' for name in factories)
    return fill_config(
        parse_config(f'[nlp]\nlang = "en"\npipeline = [{names}]\n[components]\n{sections}\n{extra}')
    )


def with_model(factory: str, block: str, **arguments: Any) -> "Config":
    config = pipeline(factory)
    config["components"][factory]["model"] = {"@architectures": block, **arguments}
    return fill_config(config)


def probe(config: "Config", **settings: Any) -> list[Finding]:
    """What the probe finds, apart from the note that the documents are made up."""
    found = check_probe(config.interpolate(), **settings)
    return [
        finding
        for finding in found
        if not finding.message.startswith("probed on documents made to fit, for ")
    ]


def errors(config: "Config", **settings: Any) -> list[Finding]:
    return [finding for finding in probe(config, **settings) if finding.severity == "error"]


# What trains is no error.


@pytest.mark.slow
@pytest.mark.parametrize("factory", FACTORIES)
def test_a_default_config_passes_on_documents_made_to_fit(factory: str) -> None:
    config = pipeline(factory)
    assert [f.severity for f in check_probe(config.interpolate())] == ["note"]


def test_many_components_with_one_tok2vec_pass_together() -> None:
    config = pipeline("tok2vec", "tagger", "parser", "ner")
    for name in ("tagger", "parser", "ner"):
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
        config["components"][name]["model"]["tok2vec"] = listener
    assert probe(config) == []


def test_an_entity_linker_passes_with_a_knowledge_base_and_says_that_it_needs_one(code: Path) -> None:
    config = pipeline("sentencizer", "entity_linker")
    config["components"]["entity_linker"]["generate_empty_kb"]["@misc"] = "spacy.EmptyKB.v2"
    (finding,) = errors(config)
    assert finding.slot == "components.entity_linker.model"
    assert "Knowledge base for component 'entity_linker' is empty" in finding.message
    config["initialize"]["components"]["entity_linker"] = {"kb_loader": {"@misc": "probe.KB.v1"}}
    assert probe(config, code=[code]) == []


@pytest.mark.parametrize(
    ("factory", "settings"),
    [
        ("tagger", {"labels": [f"X{n}" for n in range(40)]}),
        ("textcat", {"labels": [f"X{n}" for n in range(40)], "positive_label": None}),
        ("spancat", {"labels": ["A"]}),
    ],
)
def test_labels_that_the_config_gives_are_used(factory: str, settings: Mapping[str, Any]) -> None:
    config = pipeline(factory)
    config["initialize"]["components"][factory] = dict(settings)
    assert errors(config) == []


def test_labels_from_files_are_used(tmp_path: Path) -> None:
    labels = {
        "morphologizer": {
            "morph": {"Number=Sing|POS=NOUN": "Number=Sing", "POS=VERB": ""},
            "pos": {"Number=Sing|POS=NOUN": 92, "POS=VERB": 100},
        },
        "ner": {"0": {}, "1": {"GENE": 9, "PROTEIN": 5}, "2": {"GENE": 9}, "5": {"": 1}},
        "parser": {
            "0": {"": 9},
            "1": {"": 9},
            "2": {"left": 9, "dep": 0},
            "3": {"right": 9},
            "4": {"ROOT": 9},
        },
    }
    config = pipeline(*labels)
    for name, content in labels.items():
        (tmp_path / name).write_text(json.dumps(content))
        reader = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / name)}
        config["initialize"]["components"][name] = {"labels": reader}
    assert probe(config) == []


def test_a_literal_number_of_outputs_is_met_with_as_many_labels(code: Path) -> None:
    assert probe(with_model("tagger", "probe.Well.v1", nO=60)) == []


def test_a_corpus_that_does_not_end_is_read_for_a_while(code: Path) -> None:
    config = with_model("tagger", "probe.Well.v1", nO=None)
    config["corpora"]["train"] = {"@readers": "probe.Endless.v1", "tags": ["A", "B"]}
    assert check_probe(config.interpolate()) == []
    config["corpora"]["train"]["tags"] = [""]
    (finding,) = check_probe(config.interpolate(), seconds=30)
    assert (finding.severity, finding.slot) == ("note", "corpora.train")
    assert "has no tags (token.tag) among its first 1,000 documents" in finding.message


@pytest.mark.parametrize("frozen", [[], ["tagger"]])
def test_sourced_components_go_on_or_stay_as_they_are(tmp_path: Path, frozen: list[str]) -> None:
    import spacy
    from spacy.training import Example

    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a b"), {"tags": ["DT", "NN"]})])
    nlp.to_disk(tmp_path / "model")
    config = pipeline("ner")
    config["components"]["tagger"] = {"source": str(tmp_path / "model")}
    config["nlp"]["pipeline"] = ["tagger", "ner"]
    config["training"]["frozen_components"] = frozen
    (tmp_path / "config.cfg").write_text(config.to_str())
    assert errors(config) == []


def test_real_documents_are_used_where_they_are(corpus: Callable[[str], Path]) -> None:
    folder = corpus("ud_en_atis")
    config = pipeline("tagger", "morphologizer", "parser")
    paths = {"paths.train": str(folder / "train.spacy"), "paths.dev": str(folder / "dev.spacy")}
    assert check_probe(override_config(config, paths).interpolate()) == []


def test_a_corpus_without_the_annotation_is_told_and_replaced(corpus: Callable[[str], Path]) -> None:
    folder = corpus("banking77")
    config = override_config(pipeline("ner"), {"paths.train": str(folder / "train.spacy")})
    (finding,) = check_probe(config.interpolate())
    assert finding.severity == "note"
    assert "corpora.train has no entities (doc.ents)" in finding.message


# What does not is an error, at its component, without a traceback.


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("raise", "fails while it is updated in the layer mischief (model.layers[1]): ArithmeticError: one"),
        ("exit", "while it is updated, its process ended with exit code 0"),
        ("kill", "while it is updated, its process was killed by SIGKILL"),
        ("sys.exit", "it ended the program (SystemExit: enough)"),
        ("nan", "nan"),
    ],
)
def test_a_block_that_misbehaves_is_an_error(code: Path, what: str, said: str) -> None:
    config = with_model("tagger", "probe.Mischief.v1", what=what, file="", nO=None)
    (finding,) = archlab.check(config, "probe", code=[code]).errors
    assert finding.slot == "components.tagger.model"
    assert said.lower() in finding.message.lower()
    assert "\n" not in finding.message
    assert "Traceback" not in finding.message


def test_a_loss_that_is_no_number_is_an_error_where_spacy_goes_on(code: Path) -> None:
    (finding,) = errors(with_model("textcat", "probe.NaN.v1", nO=None))
    assert finding.slot == "components.textcat.model"
    assert finding.message.startswith("its loss is nan in update 1")


def test_widths_that_differ_are_an_error(base: "Config") -> None:
    base["components"]["textcat"]["model"]["tok2vec"]["encode"]["width"] = 96
    (finding,) = errors(base)
    assert finding.slot == "components.textcat.model"
    assert "fails while it is initialized in the layer" in finding.message


def test_a_listener_of_another_width_is_an_error_of_the_listening_component() -> None:
    config = pipeline("tok2vec", "tagger")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 64, "upstream": "*"}
    config["components"]["tagger"]["model"]["tok2vec"] = listener
    (finding,) = errors(config)
    assert finding.slot == "components.tagger.model"


def test_a_span_finder_is_no_text_classifier(base: "Config") -> None:
    scorer = {"@layers": "spacy.LinearLogistic.v1", "nO": 2, "nI": None}
    tok2vec = base["components"]["textcat"]["model"]["tok2vec"]
    finder = {"@architectures": "spacy.SpanFinder.v1", "tok2vec": tok2vec, "scorer": scorer}
    base["components"]["textcat"]["model"] = finder
    (finding,) = errors(base)
    assert finding.slot == "components.textcat.model"


def test_low_data_without_vectors_is_an_error(base: "Config") -> None:
    config = archlab.swap(base, "textcat.model", "spacy.TextCatLowData.v1", width=32, dropout=None).config
    (finding,) = errors(config)
    assert finding.slot == "components.textcat.model"


# What trains and is not as it should be is a warning.


def test_a_dead_layer_is_a_warning_with_its_place_in_the_model(code: Path) -> None:
    config = with_model("tagger", "probe.Mischief.v1", what="cut", file="", nO=None)
    (finding,) = probe(config)
    assert (finding.severity, finding.slot) == ("warning", "components.tagger.model")
    assert "no gradient reached 5 of its 6 layers: hashembed (model.layers[0]" in finding.message


def test_a_dead_layer_of_a_pytorch_module_is_named(code: Path) -> None:
    (finding,) = probe(with_model("tagger", "probe.Unused.v1", nO=None))
    assert finding.severity == "warning"
    assert "no gradient reached 1 of its 8 layers: pytorch idle" in finding.message


def test_a_tok2vec_that_nobody_listens_to_is_a_warning() -> None:
    (finding,) = probe(pipeline("tok2vec"))
    assert (finding.severity, finding.slot) == ("warning", "components.tok2vec.model")
    assert "no gradient reached any of its layers" in finding.message


def test_a_wrong_annotation_is_an_error_where_it_does_not_train_and_else_a_warning(code: Path) -> None:
    (finding,) = errors(with_model("textcat", "probe.WrongAndBroken.v1", nO=None))
    assert finding.slot == "components.textcat.model"
    (finding,) = probe(with_model("tagger", "probe.WrongAndFine.v1", nO=None))
    assert finding.severity == "warning"
    assert finding.message == (
        "its annotation says that it returns List[Ints2d], and it returned List[Floats2d]"
    )


def test_a_block_without_annotations_is_decided_by_the_probe(code: Path) -> None:
    report = archlab.check(with_model("tagger", "probe.Unannotated.v1", nO=None), "probe", code=[code])
    assert report.ok


def test_what_is_lost_by_saving_is_a_warning(code: Path) -> None:
    (finding,) = probe(with_model("tagger", "probe.Forgets.v1", nO=None))
    assert (finding.severity, finding.slot) == ("warning", "components.tagger.model")
    assert finding.message == "saved and loaded, it predicts something else"


def test_what_draws_at_prediction_is_not_said_to_be_lost_by_saving(code: Path) -> None:
    assert probe(with_model("tagger", "probe.Draws.v1", nO=None)) == []


# Around it.


def test_the_probe_is_left_out_where_there_are_errors_before(base: "Config") -> None:
    config = override_config(base, {"training.max_steps": "many"})
    started = time.monotonic()
    assert len(archlab.check(config, "probe").errors) == 1
    assert time.monotonic() - started < 2


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("file", ["base.cfg", "sweep.yml"])
def test_the_command_gives_the_probe_the_seconds_it_is_told(
    cli: "Cli", file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def probe(config: object, code: object, seconds: float) -> list[Finding]:
        given.append(seconds)
        return []

    monkeypatch.setattr("archlab.checking.checks.check_probe", probe)
    assert cli("check", f"configs/{file}", "--level", "probe", "--seconds", "300").code == 0
    assert set(given) == {300.0}


def test_blocks_of_the_program_itself_are_not_probed(base: "Config", monkeypatch: Any) -> None:
    from spacy.util import registry

    def block(nO: int | None = None) -> None: ...

    monkeypatch.setattr(block, "__module__", "__main__")
    registry.architectures("probe.Main.v1", func=block)
    base["components"]["textcat"]["model"] = {"@architectures": "probe.Main.v1", "nO": None}
    (finding,) = check_probe(base.interpolate())
    assert finding.severity == "warning"
    assert "the program itself defines blocks" in finding.message


@dataclass(frozen=True)
class Demo:
    """The probe of the demo: what it found, the CPU time of its process, and the files that it left."""

    report: Report
    seconds: float
    left: list[Path]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    temporary = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(temporary))
        before = seconds_of_children()
        report = archlab.check(archlab.load_config(ROOT / "configs" / "base.cfg"), "probe")
        return Demo(report, seconds_of_children() - before, list(temporary.iterdir()))


def seconds_of_children() -> float:
    """The CPU time of processes that this one has started and that have ended; load adds nothing to it."""
    times = os.times()
    return times.children_user + times.children_system


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


class TestProcess:
    """The process of its own in which archlab probes: what it may cost, and what is left of it."""

    @pytest.fixture(autouse=True)
    def _process(self) -> None:
        """As archlab starts it."""

    def test_the_demo_trains_but_for_a_layer_of_spacy_that_learns_nothing(self, demo: Demo) -> None:
        assert demo.report.ok
        (finding,) = demo.report.findings  # a softmax below one that starts at zero: its gradients cancel out
        assert finding.severity == "warning"
        assert "no gradient reached 1 of its 15 layers: sparse_linear" in finding.message

    def test_what_the_probe_writes_is_gone_afterwards(self, demo: Demo) -> None:
        assert demo.left == []

    @pytest.mark.slow
    def test_a_small_config_takes_a_second_or_two_beyond_the_imports(self, demo: Demo) -> None:
        before = seconds_of_children()
        subprocess.run([sys.executable, "-c", "import spacy, spacy.training.loop"], check=True)
        imports = seconds_of_children() - before
        assert demo.seconds - imports < 2.5  # twice what it should be

    def test_a_block_that_hangs_is_an_error_and_nothing_of_it_goes_on(
        self, code: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "pids"
        config = with_model("tagger", "probe.Mischief.v1", what="hang", file=str(file), nO=None)
        started = time.monotonic()
        (finding,) = errors(config, seconds=20)
        assert time.monotonic() - started < 22
        assert finding.slot == "components.tagger.model"
        assert finding.message == (
            "it hangs while it is updated in the layer mischief (model.layers[1]): not done after 20 s"
        )
        assert finding.fix == "if it is only slow, give the probe more time: --seconds 100"
        processes = [int(pid) for pid in file.read_text().split()]
        assert len(processes) == 3
        assert [pid for pid in processes if _lives(pid)] == []

    def test_what_a_block_leaves_running_when_it_exits_is_ended(self, code: Path, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        (finding,) = errors(with_model("tagger", "probe.Mischief.v1", what="exit", file=str(file), nO=None))
        assert finding.message == "while it is updated, its process ended with exit code 0"
        patience = time.monotonic() + 2
        while _lives(int(file.read_text())) and time.monotonic() < patience:
            time.sleep(0.05)
        assert not _lives(int(file.read_text()))

    def test_a_time_limit_that_starting_takes_up_says_nothing_of_the_config(self, base: "Config") -> None:
        (finding,) = check_probe(base.interpolate(), seconds=0.2)
        assert finding.severity == "warning"
        assert finding.message == "not probed: after 0.2 s its process was still starting"
        assert finding.fix == "give the probe more time: --seconds 1"

    @pytest.mark.usefixtures("workplace")
    def test_the_command_probes_with_code_and_exits_with_3(
        self, cli: "Cli", code: Path, tmp_path: Path
    ) -> None:
        config = with_model("tagger", "probe.Mischief.v1", what="kill", file="", nO=None)
        path = tmp_path / "kill.cfg"
        config.to_disk(path)
        done = cli("check", path, "--level", "probe", "--code", code)
        assert done.code == 3
        assert "killed by SIGKILL" in done.out.replace("\n", " ")
