"""The hosted vision server as its clients use it, and what its model is shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from support.service import Service
from support.upstream import Asked

FILES = "/api/mcp/vision/files"


def pictures(asked: Asked) -> list[str]:
    """The links of the pictures in a call."""
    parts = [
        part
        for message in asked.body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
    ]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


@asynccontextmanager
async def hosted(service: Service, key: str) -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
        transport = streamable_http_client(f"{service.url}/api/mcp/vision/mcp", http_client=http)
        async with Client(transport) as opened:
            yield opened


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def standing(service: Service, key: str) -> tuple[int, int]:
    """Prompts used, MCP calls used."""
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        plan = http.get("/api/account/plan").json()
    return plan["windows"][0]["used"], plan["mcp_windows"][0]["used"]


def send(service: Service, key: str, path: str | Path) -> str:
    """A file's id."""
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        sent = http.post(FILES, files={"file": Path(path).read_bytes()})
        assert sent.status_code == 200, sent.text
        return str(sent.json()["id"])
