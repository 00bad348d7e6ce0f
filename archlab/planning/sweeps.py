"""The sweep file: its schema, and how it is read."""

from dataclasses import dataclass
from math import log10, prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from archlab.errors import SweepError, UnknownRecipeError, did_you_mean
from archlab.planning.gate_rules import CostRules, GateRules, ScoreRules
from archlab.planning.recipe_choices import RECIPES, RecipeChoice
from archlab.planning.yaml_files import YamlFile, read_yaml
from archlab.records import GridLimits, Limits

MAX_CELLS = 10_000
SEED_PATHS = ("training.seed", "system.seed")
STRUCTURAL = ("nlp.lang", "nlp.pipeline")
ADHOC = "adhoc"
"""The sweep that single trainings belong to."""


@dataclass(frozen=True)
class Choice:
    """One item of an axis of swaps.

    block: a registered name, a whole block with its `@registry` key, or None for what the base has.
    """

    block: str | dict[str, Any] | None
    arguments: dict[str, Any]

    @classmethod
    def parse(cls, item: Any) -> "Choice":
        """Read `base`, a name, `name: {arguments}`, or a whole block. Raises ValueError for anything else."""
        if isinstance(item, Choice):
            return item
        if item == "base":
            return cls(None, {})
        if isinstance(item, str) and item:
            return cls(item, {})
        if isinstance(item, dict) and any(str(key).startswith("@") for key in item):
            return cls(item, {})
        if isinstance(item, dict) and len(item) == 1:
            ((name, arguments),) = item.items()
            if isinstance(name, str) and (arguments is None or isinstance(arguments, dict)):
                return cls(name, arguments or {})
        raise ValueError("a choice is base, a name, name: {arguments}, or a block with its @registry key")

    @property
    def label(self) -> str:
        """What a table shows: `TextCatBOW.v1(ngram_size=2)`."""
        if self.block is None:
            return "base"
        block = self.block if isinstance(self.block, dict) else {}
        name = next((value for key, value in block.items() if key.startswith("@")), self.block)
        arguments = {key: value for key, value in block.items() if not key.startswith("@")} | self.arguments
        told = ", ".join(f"{key}={short_value(value)}" for key, value in arguments.items())
        short = str(name).rpartition(":")[2].removeprefix("spacy.")
        return f"{short}({told})" if told else short

    def to_json(self) -> Any:
        """The choice as a sweep file would say it."""
        if self.block is None:
            return "base"
        return {self.block: self.arguments} if self.arguments and isinstance(self.block, str) else self.block


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class GridLimitsSection(_Strict):
    """How far a grid goes before it stops."""

    minutes: float | None = Field(default=None, gt=0)
    failures: int | None = Field(default=None, ge=1)


class LimitsSection(_Strict):
    """What one run may use, and how often it may be tried. max_steps is the override training.max_steps."""

    max_steps: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0)
    memory_gb: float | None = Field(default=None, gt=0)
    attempts: int = Field(default=3, ge=1)
    grid: GridLimitsSection = GridLimitsSection()


class TableSection(_Strict):
    """How the table is laid out. columns: an axis shown as columns. scores: more scores, beside the score."""

    columns: str | None = None
    scores: list[str] = []


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _as_seeds(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("seeds are a number, or a list of numbers")
    if value > MAX_CELLS:
        raise ValueError(f"{value:,} seeds are more than {MAX_CELLS:,}")
    return list(range(value))


class SweepFile(_Strict):
    """The schema of a sweep file, as docs/sweeps.md explains it."""

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    base: str
    score: str | None = None
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], BeforeValidator(_as_seeds)] = [0]
    recipes: list[Any] | None = None
    swaps: dict[str, list[Any]] = {}
    overrides: dict[str, Any] = {}
    variants: dict[str, dict[str, Any]] = {}
    limits: LimitsSection = LimitsSection()
    keep_models: Literal["winner", "all", "none"] = "winner"
    table: TableSection = TableSection()
    regress: GateRules = GateRules()
    code: Annotated[list[str], BeforeValidator(_as_list)] = []


@dataclass(frozen=True)
class Sweep:
    """A sweep that has been read: what the file says, and where it lies.

    recipes: the choices of that axis; empty without one. variant_recipes: variant -> its recipes.
    swaps: slot -> the choices of its axis. settings: override path -> the values of its axis, one value where
    it does not vary; limits.max_steps is among them.
    """

    name: str
    path: Path
    file: SweepFile
    source: YamlFile
    swaps: dict[str, list[Choice]]
    settings: dict[str, list[Any]]
    recipes: list[RecipeChoice]
    variant_recipes: dict[str, RecipeChoice]

    @property
    def base(self) -> Path:
        """The base config; relative paths are relative to the sweep file."""
        return self.path.parent / self.file.base

    @property
    def limits(self) -> Limits:
        """What one run may use."""
        return Limits(minutes=self.file.limits.minutes, memory_gb=self.file.limits.memory_gb)

    @property
    def grid_limits(self) -> GridLimits:
        """How far the grid goes before it stops."""
        said = self.file.limits
        return GridLimits(minutes=said.grid.minutes, failures=said.grid.failures, attempts=said.attempts)

    @property
    def axes(self) -> dict[str, list[Any]]:
        """Path -> what it may be, in every combination: recipes, then swaps, then settings."""
        recipes = {RECIPES: self.recipes} if self.recipes else {}
        return {**recipes, **self.swaps, **self.settings}

    @property
    def cells(self) -> int:
        """How many runs the grid would have at most."""
        columns = len(self.settings.get(self.file.table.columns or "", [None]))
        return (prod(map(len, self.axes.values())) + len(self.file.variants) * columns) * len(self.file.seeds)

    def where(self, *location: str | int) -> str:
        """`file:line` of a key of the sweep file."""
        return self.source.where(location)


def load_sweep(path: str | Path) -> Sweep:
    """Read and validate a sweep file. Nothing is imported and no config is read.

    Raises SweepError with file and line, and the nearest name for a mistyped key.
    """
    path = Path(path)
    if path.suffix == ".cfg":
        raise SweepError(f"{path} is a config, not a sweep.", "A sweep is a YAML file with base: and swaps:.")
    source = read_yaml(path)
    if not isinstance(source.data, dict):
        raise SweepError(f"{path} holds no sweep.", "A sweep needs at least base: and swaps:.")
    try:
        file = SweepFile.model_validate(source.data)
    except ValidationError as error:
        raise _explain(error, source) from None
    swaps = {slot: _choices(source, slot, items) for slot, items in file.swaps.items()}
    settings = {key: _values(source, key, value) for key, value in file.overrides.items()}
    if file.limits.max_steps is not None:
        settings.setdefault("training.max_steps", [file.limits.max_steps])
    _refuse_what_cannot_be(source, file)
    sweep = Sweep(
        name=file.name or _safe_name(path.stem),
        path=path,
        file=file,
        source=source,
        swaps=swaps,
        settings=settings,
        recipes=_recipes(source, file),
        variant_recipes={
            name: _recipe_choice(source, ("variants", name, RECIPES), changes[RECIPES])
            for name, changes in file.variants.items()
            if RECIPES in changes
        },
    )
    if sweep.cells > MAX_CELLS:
        raise SweepError(f"{path} asks for {_many(sweep.cells)} runs; more than {MAX_CELLS:,} are refused.")
    columns = file.table.columns
    if columns is not None and columns not in sweep.axes:
        raise SweepError(
            f"{sweep.where('table', 'columns')}: {columns} is no axis of this sweep.",
            did_you_mean(columns, sweep.axes),
        )
    return sweep


def _refuse_what_cannot_be(source: YamlFile, file: SweepFile) -> None:
    """Raise SweepError, with its line, for what the schema allows and a sweep cannot mean."""
    named: list[tuple[tuple[str, ...], str]] = [(("overrides", path), path) for path in file.overrides]
    named += [(("variants", name, path), path) for name, v in file.variants.items() for path in v]
    for location, path in named:
        if path in SEED_PATHS:
            message = f"{path} is set by `seeds`: write seeds: 3, or seeds: [0, 1, 2]"
            raise SweepError(f"{source.where(location)}: {message}.")
        if path in STRUCTURAL or path.endswith(".factory"):
            message = f"{path} is no setting to vary: it decides what the rest of the config means"
            raise SweepError(f"{source.where(location)}: {message}.", "Write a base of its own for it.")
    for name in file.variants:
        if not name.strip() or name.split()[0] == "base":
            where = source.where(("variants", name))
            raise SweepError(f"{where}: a variant cannot be called {name!r}: that is the base's own row.")
    if not file.seeds or len(set(file.seeds)) != len(file.seeds):
        where = source.where(("seeds",))
        raise SweepError(f"{where}: seeds must be a number above 0, or a list of different seeds.")
    if file.limits.max_steps is not None and "training.max_steps" in file.overrides:
        where = source.where(("limits", "max_steps"))
        raise SweepError(f"{where}: max_steps is set twice: here and as training.max_steps in overrides.")
    if file.name == ADHOC or (file.name is None and source.path.stem == ADHOC):
        raise SweepError(f"{source.where(('name',))}: the name {ADHOC} is kept for single trainings.")


def _many(number: int) -> str:
    """A number in full, as long as anybody would read it."""
    return f"{number:,}" if number < 10**15 else f"10^{int(log10(number))} or more"


def _safe_name(stem: str) -> str:
    """A file's stem as a folder name."""
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in stem).lstrip("._-") or "sweep"


def _choices(source: YamlFile, slot: str, items: list[Any]) -> list[Choice]:
    if not items:
        raise SweepError(f"{source.where(('swaps', slot))}: {slot} has no choices.", "Write - base under it.")
    choices = []
    for index, item in enumerate(items):
        try:
            choices.append(Choice.parse(item))
        except ValueError as error:
            raise SweepError(f"{source.where(('swaps', slot, index))}: {error}.") from None
    return choices


def _recipes(source: YamlFile, file: SweepFile) -> list[RecipeChoice]:
    if file.recipes == []:
        raise SweepError(f"{source.where((RECIPES,))}: recipes has no choices.", "Write - base under it.")
    return [_recipe_choice(source, (RECIPES, index), item) for index, item in enumerate(file.recipes or ())]


def _recipe_choice(source: YamlFile, location: tuple[str | int, ...], item: Any) -> RecipeChoice:
    try:
        return RecipeChoice.parse(item)
    except ValueError as error:
        raise SweepError(f"{source.where(location)}: {error}.") from None
    except UnknownRecipeError as error:
        raise SweepError(f"{source.where(location)}: {error.message}", error.hint) from None


def _values(source: YamlFile, key: str, value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise SweepError(f"{source.where(('overrides', key))}: {key} has no values.")
    return values


def _explain(error: ValidationError, source: YamlFile) -> SweepError:
    """The first thing that is wrong, in words, with its line."""
    first = error.errors()[0]
    location = tuple(part for part in first["loc"] if isinstance(part, (str, int)))
    where = source.where(location)
    name = ".".join(map(str, location))
    if first["type"] == "extra_forbidden":
        known = _section(location[:-1]).model_fields
        hint = did_you_mean(str(location[-1]), known) or f"Known keys: {', '.join(known)}."
        return SweepError(f"{where}: a sweep has no key {name}.", hint)
    if first["type"] == "missing":
        return SweepError(f"{where}: the sweep has no {name}.", f"Add {name}: to it.")
    message = first["msg"].removeprefix("Value error, ")
    return SweepError(f"{where}: {name + ': ' if name else ''}{message}.")


def _section(location: tuple[str | int, ...]) -> type[BaseModel]:
    """The schema of the section at a location."""
    sections: dict[tuple[str | int, ...], type[BaseModel]] = {
        ("limits",): LimitsSection,
        ("limits", "grid"): GridLimitsSection,
        ("table",): TableSection,
        ("regress",): GateRules,
        ("regress", "costs"): CostRules,
    }
    if location[:2] == ("regress", "scores"):
        return ScoreRules
    return sections.get(location, SweepFile)


def short_value(value: Any) -> str:
    """A value as a label shows it."""
    if isinstance(value, dict) and any(str(key).startswith("@") for key in value):
        return Choice(value, {}).label
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
