"""The chat page's talk with its server, without a browser: what a page sends, and what comes."""

from __future__ import annotations

import html
import json
from typing import Any
from uuid import uuid4

import httpx
from fastapi.testclient import TestClient


class PageCalls:
    """One open page of whoever shows a secret ("" for none); `shown` holds what it last got."""

    def __init__(self, client: httpx.Client | TestClient, secret: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._session = uuid4().hex[:11]
        config = client.get("/config", headers=self._headers).json()
        self._ids = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        self._calls = config["dependencies"]
        self.shown: dict[str, Any] = {}
        self.choice: dict[str, Any] = {}  # what the page shows to be asked by
        self._changes = 0

    def send(self, event: str, *inputs: object, **detail: object) -> dict[str, Any]:
        """Make the event of a button, and wait for what it changes on the page."""
        call = next(
            call
            for call in self._calls
            if any(name == event for _, name in call["targets"]) and call["outputs"]
        )
        body = {
            "fn_index": call["id"],
            "session_hash": self._session,
            "data": list(inputs),
            "event_data": detail or None,
        }
        joined = self._client.post("/gradio_api/queue/join", json=body, headers=self._headers)
        assert joined.status_code == 200, joined.text
        for message in self._messages():
            if message["msg"] in {"process_generating", "process_completed"}:
                assert message["success"], message
                self._take(call["outputs"], message["output"])
        return self.shown

    @property
    def asked_by(self) -> str:
        """The choice as the page sends it along."""
        return json.dumps(self.choice) if self.choice else ""

    def choose(self, chat: str, event: str = "choose", **changes: object) -> None:
        """Change what is asked by, in the conversation that this HTML names."""
        self.choice |= changes
        self._changes += 1
        changed = ["choice", *changes]
        self.send(event, chat, None, self.asked_by, number=self._changes, changed=changed)

    def _messages(self) -> list[dict[str, Any]]:
        address = f"/gradio_api/queue/data?session_hash={self._session}"
        reply = self._client.get(address, headers=self._headers)
        lines = (line for line in reply.text.splitlines() if line.startswith("data: "))
        return [json.loads(line[len("data: ") :]) for line in lines]

    def _take(self, outputs: list[int], output: dict[str, Any]) -> None:
        """Keep what is shown; what stays as it was comes as an update, a further step as a change
        to the one before, and the last step is whole again.
        """
        for part, value in zip(outputs, output.get("data", ()), strict=False):
            if self._ids[part] and (isinstance(value, str) or value is None):
                self.shown[self._ids[part]] = value or ""
                if self._ids[part] == "choice" and value:
                    self.choice = json.loads(html.unescape(value.split('"')[1]))
