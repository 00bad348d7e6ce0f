"""The recipe transformer: its arguments, and whether the package it needs is there."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from archlab.catalog.recommended import recommended_transformer
from archlab.configs.transformer_changes import transformer_changes
from archlab.errors import InvalidError, UnknownRecipeError, did_you_mean
from archlab.records import Setting, Swap

if TYPE_CHECKING:
    from confection import Config

PACKAGES = {
    "spacy-transformers": ("spacy_transformers", "transformers"),
    "curated": ("spacy_curated_transformers", "curated-transformers"),
}
"""What the argument `package` may be: the module that must be there, and the extra that brings it."""


def transformer(
    config: "Config", name: str | None = None, package: str = "spacy-transformers"
) -> list[Swap | Setting]:
    """A transformer takes the place of each tok2vec. name: None for what spaCy recommends for the language.

    Raises UnknownRecipeError for another package, and InvalidError where it is not installed.
    """
    if package not in PACKAGES:
        hint = did_you_mean(package, PACKAGES) or f"It may be {' or '.join(PACKAGES)}."
        raise UnknownRecipeError(f"The recipe transformer knows no package {package}.", hint)
    module, extra = PACKAGES[package]
    if find_spec(module) is None:
        what = module.replace("_", "-")
        raise InvalidError(
            f"The recipe transformer needs {what}, which is not installed.", f'pip install "archlab[{extra}]"'
        )
    return transformer_changes(config, name or recommended_transformer(config["nlp"]["lang"]), package)
