"""Settings of the whole product: the index's and those of search, answer and LLM."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_serializer

from index.settings import IndexSettings

# Of people's questions whose probability is from this up to 0.39, half have an answer, and what is
# below 0.6 is answered with a warning; at 0.39 8 of 304 answerable questions more are refused.
REFUSE_BELOW = 0.35
_SECRET = re.compile(r"key|token$|secret|password", re.IGNORECASE)


class Settings(IndexSettings):
    """Every setting, each with its meaning; `footnote.toml` and `FOOTNOTE_*` hold the values."""

    passages: int = Field(8, ge=1, le=50, description="passages retrieved for an answer")
    dense_weight: float = Field(
        0.6, ge=0, le=1, description="share of the embedding's score in the fused score"
    )
    rerank_model: str = Field(
        "", description="folder or name of a cross-encoder that orders the first passages"
    )
    composer: Literal["auto", "quotes", "llm"] = Field(
        "auto", description="'auto' takes the LLM when llm_url or llm_class is set, else quotes"
    )
    sentences: int = Field(3, ge=1, le=3, description="most sentences that are quoted")
    refuse_below: float = Field(
        REFUSE_BELOW,
        ge=0,
        le=1,
        description="confidence below which a question is refused; 0 answers whatever is asked",
    )
    strict: bool = Field(False, description="show only statements that a passage supports in full")
    support_model: str = Field(
        "", description="folder or name of an NLI cross-encoder that checks support as well"
    )
    llm_class: str = Field(
        "",
        description="import path of another llama-index LLM class, such as "
        "llama_index.llms.ollama:Ollama, in place of the client of llm_url",
    )
    llm_options: dict[str, Any] = Field({}, description="arguments for llm_class, by name")
    llm_url: str = Field("", description="base URL of an OpenAI-compatible server, with /v1")
    llm_model: str = Field("", description="model's name on that server")
    llm_key: SecretStr = Field(SecretStr(""), description="key for that server, if it wants one")
    llm_seconds: float = Field(120, gt=0, description="time limit for one answer of the LLM")
    llm_profile: Literal["auto", "small", "capable"] = Field(
        "auto", description="prompts for a small LLM or a capable one; 'auto' goes by its size"
    )
    llm_context_tokens: int | None = Field(
        None,
        ge=200,
        description="tokens of passages that are sent to the LLM; by default what it has room for",
    )
    llm_summary_calls: int = Field(
        9,
        ge=2,
        le=100,
        description="most calls of the LLM for one summary of what is too long for one",
    )

    @property
    def composer_name(self) -> Literal["quotes", "llm"]:
        """The composer that these settings lead to."""
        if self.composer == "auto":
            return "llm" if self.has_llm else "quotes"
        return self.composer

    @property
    def has_llm(self) -> bool:
        """Whether an LLM is set."""
        return bool(self.llm_url or self.llm_class)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no text: keys and the password of the LLM's address."""
        options = [str(value) for name, value in self.llm_options.items() if _SECRET.search(name)]
        key, password = self.llm_key.get_secret_value(), _password(self.llm_url)
        return tuple(filter(None, [key, password, *options]))

    @field_serializer("llm_options")
    def _without_secrets(self, options: dict[str, Any]) -> dict[str, Any]:
        """Keys and passwords are in no fingerprint and no run folder."""
        return {name: "…" if _SECRET.search(name) else options[name] for name in sorted(options)}


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
