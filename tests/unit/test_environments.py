"""What a child gets of the environment: what a training needs, no secrets, and what is passed on purpose."""

import pytest

from archlab import environments
from archlab.environments import allowed, require_set
from archlab.errors import UsageError
from archlab.processes import THREAD_VARIABLES, child_environment

NEEDED = """
PATH HOME LANG LC_ALL TZ TMPDIR PYTHONPATH PYTHONHASHSEED PYTHONWARNINGS VIRTUAL_ENV CONDA_PREFIX
LD_LIBRARY_PATH DYLD_LIBRARY_PATH CUDA_VISIBLE_DEVICES CUDA_HOME CUBLAS_WORKSPACE_CONFIG
NVIDIA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS
BLIS_NUM_THREADS TORCH_HOME PYTORCH_CUDA_ALLOC_CONF TF_CPP_MIN_LOG_LEVEL USE_TF KERAS_BACKEND HF_HOME
HF_HUB_OFFLINE TRANSFORMERS_CACHE TRANSFORMERS_OFFLINE XDG_CACHE_HOME SPACY_WARNING_IGNORE SYSTEMROOT
"""

KEPT_BACK = """
HF_TOKEN HF_HUB_TOKEN HUGGING_FACE_HUB_TOKEN WANDB_API_KEY AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
GITHUB_TOKEN GH_TOKEN OPENAI_API_KEY DATABASE_URL SSH_AUTH_SOCK PYTHON_TOKEN CONDA_PASSWORD TORCH_API_KEY
TF_SECRET SPACY_CONFIG_OVERRIDES SPACY_KEY CUDA_CREDENTIALS GOOGLE_APPLICATION_CREDENTIALS SHELL
HTTPS_PROXY PIP_INDEX_URL CI_JOB_JWT LC_PASSWORD
"""


@pytest.mark.parametrize("name", NEEDED.split())
def test_what_a_training_needs_is_there(name: str) -> None:
    assert allowed({name: "x"}) == {name: "x"}


@pytest.mark.parametrize("name", KEPT_BACK.split())
def test_what_it_does_not_need_is_not(name: str) -> None:
    assert allowed({name: "x"}) == {}


def test_what_is_named_is_passed_on_and_nothing_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "canary")
    monkeypatch.setenv("OTHER_API_KEY", "canary")
    assert child_environment(2, ["WANDB_API_KEY"])["WANDB_API_KEY"] == "canary"
    assert "OTHER_API_KEY" not in child_environment(2, ["WANDB_API_KEY"])
    assert "canary" not in child_environment(2).values()
    assert {child_environment(2)[name] for name in THREAD_VARIABLES} == {"2"}


def test_a_name_that_is_not_set_is_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "canary")
    require_set(["WANDB_API_KEY"])
    with pytest.raises(UsageError, match="no WANDB_API_KEI") as error:
        require_set(["WANDB_API_KEI"])
    assert error.value.hint == "Did you mean WANDB_API_KEY?"
    assert "canary" not in str(error.value)


def test_no_name_is_a_secret_by_its_own_rule() -> None:
    assert not [name for name in environments.NAMES if name.endswith(environments.SECRETS)]
