"""Packages that are not installed: what is theirs is answered with the command that installs them."""

from pathlib import Path

import pytest
from conftest import Cli

from archlab.catalog import extras
from archlab.catalog.extras import EXTRAS, Extra
from archlab.catalog.registered import factory_signature, signature
from archlab.configs.loading import load_config
from archlab.errors import ExtraError

TAGGER = """
[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "PACKAGE.TransformerListener.v9"
"""


@pytest.fixture(params=EXTRAS, ids=lambda extra: extra.name)
def absent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Extra:
    """An extra as it is where its package is not installed, under names that no installed package has."""
    known: Extra = request.param
    extra = Extra(known.name, f"not-{known.package}", f"not_{known.factory}")
    monkeypatch.setattr(extras, "EXTRAS", (extra,))
    return extra


def test_the_command_names_the_extra_of_the_package(absent: Extra) -> None:
    command = (
        rf"{absent.package}, which is not installed.\nInstall it: pip install 'archlab\[{absent.name}\]'"
    )
    with pytest.raises(ExtraError, match=command):
        signature("architectures", f"{absent.package}.Model.v1")
    with pytest.raises(ExtraError, match=command):
        factory_signature(absent.factory)


def test_a_config_says_which_component_needs_it(absent: Extra, tmp_path: Path) -> None:
    component = tmp_path / "component.cfg"
    component.write_text(
        '[nlp]\nlang = "en"\npipeline = ["trf"]\n\n[components]\n\n[components.trf]\n'
        f'factory = "{absent.factory}"\n'
    )
    with pytest.raises(
        ExtraError, match=r"component\.cfg: in \[components\.trf\], the component factory not_"
    ):
        load_config(component)


def test_check_ends_with_three_and_one_error(absent: Extra, tmp_path: Path, cli: Cli) -> None:
    config = tmp_path / "listener.cfg"
    config.write_text(TAGGER.replace("PACKAGE", absent.package))
    done = cli("check", config)
    assert done.code == 3
    assert f"Install it: pip install 'archlab[{absent.name}]'" in done.out + done.err
    assert (done.out + done.err).count("pip install") == 1


def test_names_of_other_packages_are_nobodys_extra() -> None:
    extras.require_block("spacy.Tagger.v2")
    extras.require_block("spacy-transformers-extended.Model.v1")
    extras.require_factory("tagger")
