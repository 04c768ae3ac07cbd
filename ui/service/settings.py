"""Settings of the server: authentication, hosts and limits; and the limits of requests."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from index.settings import IndexSettings

QUESTION_CHARACTERS = 4_000
HISTORY_TURNS = 20
HISTORY_CHARACTERS = 32_000
SEARCH_PASSAGES = 50
BODY_BYTES = 1_000_000
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")  # as they stand in a request's Host header


class ServiceSettings(IndexSettings):
    """Settings of `footnote serve`, from `footnote.toml` and `FOOTNOTE_*`."""

    collections: dict[str, Any] = Field(
        {}, description="folders by the names of their collections, or tables with `folder`"
    )
    follow: str = Field(
        "", description="address where an index is published, to serve a copy of it"
    )
    database: str = Field(
        "",
        description="PostgreSQL database where servers share conversations, ratings and tokens",
    )
    limits: str = Field("", description="Redis where servers share the counts of rate limits")
    uploads: bool = Field(True, description="let documents be added and deleted over HTTP")
    uploads_mb: int = Field(
        10_000, ge=1, description="how much the documents may take where they can be added"
    )
    require_token: bool | None = Field(
        None, description="ask callers for a token; if not set, on other addresses than loopback"
    )
    hosts: str = Field("", description="further host names to be called by, with commas between")
    public_url: str = Field(
        "", description="address by which readers reach this server, for links to passages"
    )
    model_aliases: str = Field(
        "", description="further names of the model `footnote`, with commas between; * for any"
    )
    proxy: str = Field("", description="addresses of reverse proxies, with commas between")
    user_header: str = Field(
        "", description="header by which those proxies name the user, whose conversations are his"
    )
    answers_at_once: int | None = Field(
        None, ge=1, le=256, description="answers made at once; if not set, 16, or 4 by an LLM"
    )
    queue: int = Field(32, ge=0, le=10_000, description="questions that wait for their turn")
    answer_seconds: float = Field(150, gt=0, description="time limit for an answer")
    requests_per_minute: int | None = Field(
        None, ge=0, description="for each client, 0 for no limit; if not set, 60, or 0 on loopback"
    )

    @model_validator(mode="after")
    def _names_users_by_a_proxy(self) -> ServiceSettings:
        if self.user_header and not self.proxy:
            raise ValueError("user_header is believed of proxies alone; set proxy as well")
        return self

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("an address starts with http:// or https://")
        return url.rstrip("/")

    def for_host(self, host: str) -> ServiceSettings:
        """The same settings with the defaults that depend on the address to listen on."""
        is_local = host in LOOPBACK
        return self.model_copy(
            update={
                "require_token": not is_local if self.require_token is None else self.require_token,
                "requests_per_minute": (0 if is_local else 60)
                if self.requests_per_minute is None
                else self.requests_per_minute,
            }
        )
