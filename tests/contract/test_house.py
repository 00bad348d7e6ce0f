"""The house keeps its shape: imports point one way, public names stay functions, modules stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import archlab

PACKAGE = Path(archlab.__file__).parent
MAX_LINES = 400

# Loaded by an entry point alone, when a config asks for the layer: Thinc is there then.
LAYERS = ("archlab.blocks.keras_shim", "archlab.blocks.tensorflow_wrapper")
FRAMEWORKS = ("tensorflow", "keras")

# From left to right; a module may import from its own level's package and from any level to the left.
LEVELS = (
    ("archlab.plain", "archlab.reading_records"),
    (
        "archlab.chatter",
        "archlab.environments",
        "archlab.errors",
        "archlab.late_pytorch",
        "archlab.memory",
        "archlab.processes",
        "archlab.records",
    ),
    ("archlab.catalog", "archlab.blocks"),
    (
        "archlab.configs.filling",
        "archlab.configs.layouts",
        "archlab.configs.loading",
        "archlab.configs.differences",
        "archlab.configs.dotted",
        "archlab.configs.fingerprints",
        "archlab.configs.code",
        "archlab.configs.shapes",
        "archlab.configs.copying",
        "archlab.configs.circles",
        "archlab.configs.variables",
        "archlab.configs.writing",
    ),
    ("archlab.configs",),
    ("archlab.checking",),
    ("archlab.planning",),
    ("archlab.results",),
    ("archlab.training.supervisor",),
    ("archlab.training.speedups",),
    ("archlab.training",),
    ("archlab.engines",),
    ("archlab.reporting",),
    ("archlab.reporting.report",),
    ("archlab",),
    ("archlab.cli", "archlab.pytesting"),
    ("archlab.__main__",),
)


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def level_of(module: str) -> int:
    """The level of the longest prefix that names the module."""
    matches = [
        (len(prefix), level)
        for level, prefixes in enumerate(LEVELS)
        for prefix in prefixes
        if module == prefix or (prefix != "archlab" and module.startswith(f"{prefix}."))
    ]
    assert matches, f"{module} has no place in LEVELS"
    return max(matches)[1]


def imports(path: Path) -> Iterator[str]:
    """What a module imports from archlab, wherever in the file, for types alone included."""
    known = modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "archlab")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "archlab":
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in known else str(node.module)


def test_imports_point_from_right_to_left_only() -> None:
    wrong = []
    for module, path in modules().items():
        for target in imports(path):
            own_package = module.rpartition(".")[0]
            same_package = target.rpartition(".")[0] == own_package and level_of(target) == level_of(module)
            if level_of(target) >= level_of(module) and not same_package:
                wrong.append(f"{module} imports {target}")
    assert not wrong


def test_results_paths_and_store_know_nothing_of_training() -> None:
    for name in ("paths", "files", "store"):
        targets = list(imports(PACKAGE / "results" / f"{name}.py"))
        assert not [
            target for target in targets if target.startswith(("archlab.training", "archlab.engines"))
        ]


def test_public_names_are_functions_after_every_submodule_has_been_imported() -> None:
    for module in modules():
        if module != "archlab.__main__":
            import_module(module)
    assert set(archlab.__all__) >= {
        "load_config",
        "slots",
        "swap",
        "check",
        "load_sweep",
        "plan",
        "train",
        "grid",
    }
    for name in archlab.__all__:
        if name != "__version__":
            assert callable(getattr(archlab, name)), name


def test_no_module_is_named_like_a_public_name() -> None:
    tops = {path.stem for path in PACKAGE.iterdir()}
    assert not tops & set(archlab.__all__)


def test_a_public_name_that_is_not_there_says_so() -> None:
    assert not hasattr(archlab, "no_such_name")


def test_no_module_loads_a_heavy_library_when_it_is_imported() -> None:
    names = [module for module in modules() if module not in {"archlab.__main__", *LAYERS}]
    heavy = [
        "spacy",
        "thinc",
        "torch",
        "numpy",
        "scipy",
        "ray",
        "optuna",
        "altair",
        "vl_convert",
        "confection",
        *FRAMEWORKS,
    ]
    assert loaded_by(names, heavy) == "[]"


def test_layers_for_thinc_load_no_framework_when_they_are_imported() -> None:
    assert loaded_by(LAYERS, FRAMEWORKS) == "[]"


def loaded_by(names: Sequence[str], heavy: Sequence[str]) -> str:
    """Which of the heavy libraries a fresh process has after importing the modules, as it prints them."""
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_archlab_is_light() -> None:
    heavy = {"pydantic", "rich", "typer", "yaml", "spacy"}
    code = f"import sys, archlab; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_say_one_thing() -> None:
    long = {m: n for m, p in modules().items() if (n := len(p.read_text("utf8").splitlines())) > MAX_LINES}
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        module
        for module, path in modules().items()
        if path.stat().st_size and ast.get_docstring(ast.parse(path.read_text("utf8"))) is None
    ]
    assert not silent


def test_all_that_is_printed_goes_where_control_characters_are_removed() -> None:
    """say and hand_over for lines, make_console for the rest; what a training prints goes to its log."""
    doors = {"archlab.cli.saying", "archlab.reporting.consoles"}
    wrong = [
        f"{module}:{node.lineno} calls {name}"
        for module, path in modules().items()
        if module not in doors
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.Call)
        and (name := ast.unparse(node.func)) in {"typer.echo", "click.echo", "print", "Console"}
    ]
    assert not wrong


def test_no_file_is_read_that_could_run_code() -> None:
    """No pickle, nor what is built on it; no text becomes code. Models are loaded by spaCy and Thinc."""
    modules_that_do = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    calls_that_do = {"eval", "exec", "torch.load", "np.load", "numpy.load", "yaml.load", "yaml.unsafe_load"}
    wrong = []
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Import):
                named = {name.name.split(".")[0] for name in node.names} & modules_that_do
            elif isinstance(node, ast.ImportFrom):
                named = {str(node.module).split(".")[0]} & modules_that_do
            elif isinstance(node, ast.Call):
                named = {ast.unparse(node.func)} & calls_that_do
            else:
                continue
            wrong += [f"{module}:{node.lineno} uses {name}" for name in named]
    assert not wrong
