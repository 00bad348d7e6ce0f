"""GPU memory: the recipe sets the allocator, and what the check says of it is what Thinc does."""

import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from thinc.api import PyTorchShim, set_gpu_allocator
from torch import nn

import archlab
from archlab.configs.loading import interpolated
from archlab.configs.transformer_changes import transformer_changes
from archlab.records import Setting


def test_the_recipe_sets_it_where_spacy_does(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    assert archlab.recipe_changes(base, "gpu-allocator", "pytorch") == [
        Setting("system.gpu_allocator", "pytorch")
    ]


def test_it_is_set_where_training_does_not_point_to_it(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg", {"training.gpu_allocator": "torch"})
    for changed in (
        archlab.apply_recipe(base, "gpu-allocator", "pytorch"),
        archlab.swap_all(base, transformer_changes(base, "roberta-base"), in_order=True),
    ):
        assert changed.config["training"]["gpu_allocator"] == "${system.gpu_allocator}"
        assert interpolated(changed.config)["training"]["gpu_allocator"] == "pytorch"
        assert archlab.recipe_changes(changed.config, "gpu-allocator", "pytorch") == []


@pytest.mark.parametrize(("name", "kind"), [("torch", ValueError), ("tensorflow", ImportError)])
def test_thinc_refuses_what_the_check_warns_of(name: str, kind: type[Exception]) -> None:
    set_gpu_allocator("pytorch")
    with pytest.raises(kind):
        set_gpu_allocator(name)


def test_on_a_gpu_thinc_itself_lets_torch_allocate_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a config that names no allocator is no finding; with a stand-in for the GPU."""
    ops = type("CupyOps", (), {"xp": object()})
    pools, allocator = Mock(get=Mock(return_value={})), Mock()
    stand_ins = {
        "CupyOps": ops,
        "get_current_ops": ops,
        "context_pools": pools,
        "set_gpu_allocator": allocator,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(f"thinc.shims.pytorch.{name}", stand_in)
    monkeypatch.setitem(sys.modules, "cupy", Mock())
    PyTorchShim(nn.Linear(1, 1))
    allocator.assert_called_once_with("pytorch")
