"""Settings of the index; they come from `footnote.toml`, then `FOOTNOTE_*` variables."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from index.errors import ConfigError

SETTINGS_FILE = "footnote.toml"


class IndexSettings(BaseSettings):
    """What decides how documents become passages and vectors, and where they are kept."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", toml_file=SETTINGS_FILE, extra="ignore", frozen=True
    )

    data: Path = Field(Path(".footnote"), description="folder that holds the index")
    embedding_model: str = Field(
        "minilm", description="'minilm' (built in), or a sentence-transformers model's path or name"
    )
    vector_store: str = Field(
        "chroma",
        description="'chroma' (built in), a Chroma server's address, or a store as MODULE:CLASS",
    )
    text_store: str = Field(
        "tantivy", description="'tantivy' (built in), or another text store as MODULE:CLASS"
    )
    passage_tokens: int = Field(
        180, ge=16, le=4096, description="longest passage, in the model's tokens"
    )
    max_file_mb: int = Field(50, ge=1, description="larger files are listed, not read")
    parse_seconds: int = Field(
        90, ge=1, description="computing time that reading one file may take"
    )

    storage_options: dict[str, Any] = Field(
        {}, description="options of fsspec for the address of `publish` and `--follow`"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


S = TypeVar("S", bound=IndexSettings)


def load_settings(kind: type[S], **given: Any) -> S:
    """Settings of one kind; arguments that are None are left to environment and file.

    Raises ConfigError that names the setting at fault.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"setting {name!r} is wrong: {first['msg']} "
            f"(set in FOOTNOTE_{name.upper()}, {SETTINGS_FILE} or on the command line)"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{SETTINGS_FILE} cannot be read: {error}") from None
