"""What a memory gives again, and what it does not; when the collector of garbage goes about."""

import gc
from typing import Any

from archlab.memory import Memory, imported_for_good


def test_a_function_is_called_once_for_the_same_arguments() -> None:
    calls: list[Any] = []

    def called(*arguments: Any) -> int:
        calls.append(arguments)
        return len(calls)

    memory = Memory()
    different: list[Any] = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": True, "b": 2}, {"a": 1.0, "b": 2}]
    first = [memory.recall(called, config) for config in different]
    assert [memory.recall(called, dict(config)) for config in different] == first == [1, 2, 3, 4]
    assert memory.recall(lambda config: "another function", different[0]) == "another function"
    assert Memory().recall(called, different[0]) == 5, "nothing is known in another memory"


def test_what_is_no_json_is_not_remembered() -> None:
    memory = Memory()
    given = [memory.recall(lambda value: [value], {1, 2}) for _ in range(2)]
    assert given[0] == given[1]
    assert given[0] is not given[1]


def test_what_is_imported_for_good_is_not_collected_and_what_comes_later_is() -> None:
    before = gc.get_freeze_count()
    with imported_for_good():
        assert not gc.isenabled()
        stays: list[Any] = []
    try:
        later: list[Any] = [stays]
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        assert any(found is later for found in gc.get_objects())
        assert not any(found is stays for found in gc.get_objects())
    finally:
        gc.unfreeze()
