"""Registries that are searched in less time give the same."""

from typing import Any

import catalogue  # type: ignore[import-untyped]
import pytest
from spacy.util import registry
from srsly.msgpack import msgpack_decoders, msgpack_encoders

from archlab.training.speedups.looking_up import looking_up_sooner

REGISTRIES = [one for one in vars(registry).values() if isinstance(one, catalogue.Registry)]
REGISTRIES.remove(registry._entry_point_factories)  # imports PyTorch's transformers


def everything() -> list[list[tuple[str, Any]]]:
    """All that is registered, in its order."""
    return [list(one.get_all().items()) for one in (*REGISTRIES, msgpack_encoders, msgpack_decoders)]


def test_registries_give_the_same() -> None:
    registry.ensure_populated()
    everything()  # registers what it imports
    before = everything()
    assert sum(map(len, before)) > 100
    with looking_up_sooner():
        assert everything() == before
        assert callable(registry.get("architectures", "spacy.TextCatBOW.v1"))


def test_what_is_registered_meanwhile_is_found() -> None:
    with looking_up_sooner():
        registry.misc("looked_up.v1", func=print)
        assert registry.misc.get_all()["looked_up.v1"] is print
    del catalogue.REGISTRY[(*registry.misc.namespace, "looked_up.v1")]


def test_all_is_as_before_afterwards() -> None:
    before = (catalogue.AVAILABLE_ENTRY_POINTS, catalogue.Registry.get_all)
    with pytest.raises(KeyError), looking_up_sooner():
        raise KeyError
    assert (catalogue.AVAILABLE_ENTRY_POINTS, catalogue.Registry.get_all) == before
