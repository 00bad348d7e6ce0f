"""What pytest loads wherever archlab is installed: options, and nothing else unless --archlab is given."""

from typing import Any


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("archlab", "sweeps of architectures")
    group.addoption(
        "--archlab",
        action="store_true",
        help="collect sweeps: what is missing is trained, and compared with the baseline where there is one",
    )
    group.addoption(
        "--archlab-code",
        action="append",
        default=[],
        metavar="FILE",
        help="Python file that registers blocks; repeatable",
    )
    group.addoption(
        "--archlab-experiments", default="experiments", metavar="DIR", help="the folder that keeps results"
    )


def pytest_configure(config: Any) -> None:
    if config.getoption("archlab"):
        from archlab.pytesting.items import SweepCollector

        config.pluginmanager.register(SweepCollector(), "archlab-sweeps")
