"""Recipes: named changes that touch several slots at once, each the sum of swaps and settings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archlab.configs.allocator_changes import ALLOCATORS, gpu_allocator
from archlab.configs.encoder_changes import encoder
from archlab.configs.quickstart_changes import accuracy, speed
from archlab.configs.sharing_changes import own_tok2vec, shared_tok2vec
from archlab.configs.slotting import find_slot
from archlab.configs.swapping import Change, Swapped, swap_all
from archlab.configs.transformer_recipe import transformer
from archlab.configs.vector_changes import static_vectors
from archlab.errors import ArchlabError, SwapError, UnknownRecipeError, UnknownSlotError, did_you_mean
from archlab.records import Swap

if TYPE_CHECKING:
    from confection import Config


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of a recipe. default: what it is where it is not given, in words."""

    name: str
    meaning: str
    default: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named change. values: one of them must be given, where there are any. example: what to type."""

    name: str
    summary: str
    example: str
    values: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a recipe would do to a config. problem: why it cannot be applied, or None."""

    recipe: str
    value: str | None
    changes: tuple[Change, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class RecipeStep:
    """One recipe, with its value and arguments."""

    name: str
    value: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What a table shows: `encoder=bilstm(component=ner)`."""
        told = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        name = self.name if self.value is None else f"{self.name}={self.value}"
        return f"{name}({told})" if told else name

    def to_json(self) -> Any:
        """The recipe as a sweep file would say it."""
        if self.arguments:
            value = {} if self.value is None else {"value": self.value}
            return {self.name: {**value, **self.arguments}}
        return self.name if self.value is None else {self.name: self.value}


def recipes() -> list[Recipe]:
    """The recipes that there are."""
    return list(_RECIPES)


def recipe_changes(
    config: "Config", name: str, value: str | None = None, /, **arguments: Any
) -> list[Change]:
    """The swaps and settings that a recipe stands for, in their order; none where all is so already.

    config: filled, as `load_config` gives it. value: one of the recipe's values, for one that has any.
    Raises UnknownRecipeError for a recipe, value or argument that is not there, UnknownSlotError for a
    component that does not run, and SwapError where the recipe finds nothing that it could change.
    """
    recipe = find_recipe(name)
    refuse_misuse(recipe, value, arguments)
    given = arguments if value is None else {"value": value, **arguments}
    return list(_MAKERS[name](config, **given))


def apply_recipe(config: "Config", name: str, value: str | None = None, /, **arguments: Any) -> Swapped:
    """Do what a recipe stands for; as `swap` does one swap.

    Raises what `recipe_changes` and `swap` raise.
    """
    return swap_all(config, recipe_changes(config, name, value, **arguments), in_order=True)


def swap_and_cook(config: "Config", steps: Sequence[RecipeStep], changes: Iterable[Change]) -> Swapped:
    """Recipes in their order, then swaps and settings as `swap_all` does them. Raises what these raise."""
    cooked = swap_all(config, [])
    for step in steps:
        cooked = cooked.then(apply_recipe(cooked.config, step.name, step.value, **step.arguments))
    given = list(changes)
    for change in given:
        if isinstance(change, Swap) and _is_gone(config, cooked.config, change.slot):
            names = " ".join(step.label for step in steps)
            typed = f"{change.slot} {change.block}"
            raise SwapError(
                f"{names} and {typed} contradict each other: then there is no slot {change.slot}.",
                "Leave one out.",
            )
    return cooked.then(swap_all(cooked.config, given))


def _is_gone(before: "Config", after: "Config", slot: str) -> bool:
    try:
        find_slot(before, slot)
    except UnknownSlotError:
        return False
    try:
        find_slot(after, slot)
    except UnknownSlotError:
        return True
    return False


def effects(config: "Config") -> list[Effect]:
    """What each recipe, with each of its values and without arguments, would do to a config."""
    return [_effect(config, recipe.name, value) for recipe in _RECIPES for value in recipe.values or (None,)]


def _effect(config: "Config", name: str, value: str | None) -> Effect:
    try:
        changes = recipe_changes(config, name, value)
    except ArchlabError as error:
        return Effect(recipe=name, value=value, problem=str(error))
    return Effect(recipe=name, value=value, changes=tuple(changes))


def find_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises UnknownRecipeError, with the nearest."""
    found = {recipe.name: recipe for recipe in _RECIPES}
    if name not in found:
        hint = did_you_mean(name, found) or "archlab recipes lists them."
        raise UnknownRecipeError(f"There is no recipe {name}.", hint)
    return found[name]


def refuse_misuse(recipe: Recipe, value: Any, arguments: Any) -> None:
    """Raise UnknownRecipeError for a value or an argument that a recipe does not take, with the nearest."""
    if value is not None and value not in recipe.values:
        takes = f"It takes {' or '.join(recipe.values)}." if recipe.values else "It takes none."
        hint = did_you_mean(str(value), recipe.values) or takes
        raise UnknownRecipeError(f"The recipe {recipe.name} has no value {value}.", hint)
    if value is None and recipe.values:
        raise UnknownRecipeError(
            f"The recipe {recipe.name} needs a value: {', '.join(recipe.values)}.", f"Write {recipe.example}"
        )
    known = [argument.name for argument in recipe.arguments]
    for name, said in {str(name): said for name, said in dict(arguments).items()}.items():
        if name in known and not isinstance(said, str):
            raise UnknownRecipeError(
                f"The recipe {recipe.name}: {name} is a text, and not {said}.",
                f"For example {recipe.example}",
            )
        if name not in known:
            hint = did_you_mean(name, known) or f"It takes {', '.join(known)}."
            raise UnknownRecipeError(f"The recipe {recipe.name} has no argument {name}.", hint)


_COMPONENT = Argument(name="component", meaning="the one component to change", default="all")

_RECIPES = (
    Recipe(
        name="own-tok2vec",
        summary="Each component that listens to a shared tok2vec gets a copy of its own.",
        example="archlab swap own-tok2vec",
        arguments=(_COMPONENT,),
    ),
    Recipe(
        name="shared-tok2vec",
        summary="Each component with a tok2vec of its own listens to a shared one, the first of them.",
        example="archlab swap shared-tok2vec",
        arguments=(_COMPONENT,),
    ),
    Recipe(
        name="encoder",
        summary="Each tok2vec gets another encoder: a CNN, one with Mish, or a BiLSTM.",
        example="archlab swap encoder bilstm",
        values=("cnn", "mish", "bilstm"),
        arguments=(_COMPONENT,),
    ),
    Recipe(
        name="transformer",
        summary="A transformer takes the place of each tok2vec, with the batches and learning rates for it.",
        example="archlab swap transformer name=roberta-base",
        arguments=(
            Argument(
                name="name",
                meaning="a folder, or a model of the Hugging Face hub",
                default="what spaCy recommends for the language",
            ),
            Argument(name="package", meaning="spacy-transformers or curated", default="spacy-transformers"),
        ),
    ),
    Recipe(
        name="static-vectors",
        summary="Each embedding that can read word vectors does.",
        example="archlab swap static-vectors vectors=en_core_web_lg",
        arguments=(
            Argument(
                name="vectors",
                meaning="a package or folder with word vectors",
                default="the config's initialize.vectors",
            ),
            _COMPONENT,
        ),
    ),
    Recipe(
        name="speed",
        summary="Small and fast, as spacy init config --optimize efficiency writes it.",
        example="archlab swap speed",
        arguments=(_COMPONENT,),
    ),
    Recipe(
        name="accuracy",
        summary="Large and accurate, as spacy init config --optimize accuracy writes it.",
        example="archlab swap accuracy",
        arguments=(_COMPONENT,),
    ),
    Recipe(
        name="gpu-allocator",
        summary="On a GPU, Thinc takes its memory from the framework that its blocks are written in.",
        example="archlab swap gpu-allocator pytorch",
        values=ALLOCATORS,
    ),
)

_MAKERS: dict[str, Callable[..., Sequence[Change]]] = {
    "own-tok2vec": own_tok2vec,
    "shared-tok2vec": shared_tok2vec,
    "encoder": encoder,
    "transformer": transformer,
    "static-vectors": static_vectors,
    "speed": speed,
    "accuracy": accuracy,
    "gpu-allocator": gpu_allocator,
}
