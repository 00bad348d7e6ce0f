"""What spaCy recommends for a language, from the table that `spacy init config` reads."""

from functools import cache
from pathlib import Path
from typing import Any


def recommended_transformer(lang: str) -> str:
    """The transformer that spaCy's quickstart writes for a language, a name on the Hugging Face hub.

    One of many languages, where the table has none for this one.
    """
    table = _recommendations()
    own = table.get(lang, {}).get("transformer") or table["__default__"]["transformer"]
    name: str = own["accuracy"]["name"]
    return name


@cache
def _recommendations() -> dict[str, Any]:
    import spacy
    import yaml

    path = Path(spacy.__file__).parent / "cli" / "templates" / "quickstart_training_recommendations.yml"
    table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf8"))
    return table
