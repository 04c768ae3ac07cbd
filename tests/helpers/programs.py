"""Programs that plug into Footnote, unchanged, each in an environment of its own: what comes of it.

    python -m tests.helpers.programs ENVIRONMENTS [NAME...]

A server of the seeds is started, and each program asks it "Who met in Paris?" in the ways that it
has. Printed is a row a program: its version, and what it did. A folder ENVIRONMENTS/NAME that is
missing is made with pip or npm from the network. Leaves with 1 if any program failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from tests.helpers.screenshot import FOOTNOTE, ROOT, serving

_SECONDS = 300
_ASKED = """
QUESTION, NAMES = "Who met in Paris?", ("Barnea", "Burns")
BASE = os.environ["ADDRESS"] + "/v1"
def check(text):
    assert all(name in text for name in NAMES), text
"""
_OPENAI_NPM = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.env.ADDRESS + "/v1", apiKey: "none" });
const asked = { model: "footnote", messages: [{ role: "user", content: "Who met in Paris?" }] };
const { message } = (await client.chat.completions.create(asked)).choices[0];
let text = "";
for await (const chunk of await client.chat.completions.create({ ...asked, stream: true }))
  text += chunk.choices[0]?.delta?.content ?? "";
for (const each of [message.content, text]) if (!each.includes("Barnea")) throw new Error(each);
if (!message.annotations.length) throw new Error("no annotations");
console.log("chat with annotations, stream");
"""
_AI_NPM = """
import { generateText } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
const baseURL = process.env.ADDRESS + "/v1";
const model = createOpenAICompatible({ name: "footnote", baseURL, apiKey: "none" })("footnote");
const { text } = await generateText({ model, prompt: "Who met in Paris?" });
if (!text.includes("Barnea")) throw new Error(text);
console.log("generateText");
"""
_INSPECTOR_NPM = """
import { execFileSync } from "child_process";
const place = [process.env.ADDRESS + "/mcp", "--transport", "http", "--method"];
const told = (...words) =>
  execFileSync("node_modules/.bin/mcp-inspector", ["--cli", ...place, ...words]).toString();
for (const kind of ["tools", "resources", "prompts"])
  if (!told(`${kind}/list`).includes(`"${kind}"`)) throw new Error(kind);
const words = ["--tool-name", "ask", "--tool-arg", "question=Who met in Paris?"];
if (!told("tools/call", ...words).includes("Barnea")) throw new Error("ask");
console.log("lists tools, resources and prompts; calls `ask`");
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program: what is installed, the first being what it is, and the code that uses it.

    `folder` is where it is installed, as other programs of npm are, "" for its name.
    """

    packages: tuple[str, ...]
    code: str
    folder: str = ""


PROGRAMS = {
    "openai": Program(
        ("openai",),
        """
from openai import OpenAI
client = OpenAI(base_url=BASE, api_key="none")
said = [{"role": "user", "content": QUESTION}]
reply = client.chat.completions.create(model="footnote", messages=said).choices[0].message
check(reply.content)
assert reply.annotations
stream = client.chat.completions.create(model="footnote", messages=said, stream=True)
check("".join(each.choices[0].delta.content or "" for each in stream if each.choices))
assert client.models.list().data[0].id == "footnote"
print("models, chat with annotations, stream")
""",
    ),
    "litellm": Program(
        ("litellm",),
        """
import litellm
given = dict(api_base=BASE, api_key="none")
said = [{"role": "user", "content": QUESTION}]
check(litellm.completion("openai/footnote", said, **given).choices[0].message.content)
parts = litellm.completion("openai/footnote", said, stream=True, **given)
check("".join(part.choices[0].delta.content or "" for part in parts))
assert len(litellm.embedding("openai/footnote", input=["x"], **given).data[0]["embedding"]) == 384
print("chat as `openai/footnote`, stream, embeddings")
""",
    ),
    "instructor": Program(
        ("instructor", "openai"),
        """
import instructor
from openai import OpenAI
from pydantic import BaseModel
class Told(BaseModel):
    text: str
    confidence: float
for mode in (instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA):
    client = instructor.from_openai(OpenAI(base_url=BASE, api_key="none"), mode=mode)
    said = [{"role": "user", "content": QUESTION}]
    told = client.chat.completions.create(model="footnote", response_model=Told, messages=said)
    check(told.text)
print("an object with `text` and `confidence`, in its modes `JSON` and `JSON_SCHEMA`")
""",
    ),
    "pydantic-ai": Program(
        ("pydantic-ai-slim[openai]",),
        """
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
provider = OpenAIProvider(base_url=BASE, api_key="none")
agent = Agent(OpenAIChatModel("footnote", provider=provider))
called = []
@agent.tool_plain
def weather(city: str) -> str:
    called.append(city)
    return "rain"
first = agent.run_sync(QUESTION)
check(first.output)
second = agent.run_sync("And how long did they last?", message_history=first.all_messages())
assert second.output and not called
print("an agent with a tool, which is never called; a follow-up with its message history")
""",
    ),
    "langchain": Program(
        ("langchain", "langchain-openai"),
        """
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
model = ChatOpenAI(model="footnote", base_url=BASE, api_key="none")
check(model.invoke(QUESTION).content)
check("".join(part.content for part in model.stream(QUESTION)))
def weather(city: str) -> str:
    "The weather of a city."
    raise AssertionError("called")
agent = create_agent(model, tools=[weather])
check(agent.invoke({"messages": [{"role": "user", "content": QUESTION}]})["messages"][-1].content)
print("chat, stream, `create_agent` with a tool")
""",
    ),
    "haystack": Program(
        ("haystack-ai",),
        """
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret
chat = OpenAIChatGenerator(
    model="footnote", api_base_url=BASE, api_key=Secret.from_token("none")
)
check(chat.run([ChatMessage.from_user(QUESTION)])["replies"][0].text)
print("`OpenAIChatGenerator`")
""",
    ),
    "llama-index": Program(
        ("llama-index-llms-openai-like",),
        """
from llama_index.llms.openai_like import OpenAILike
from llama_index.core.llms import ChatMessage
model = OpenAILike(model="footnote", api_base=BASE, api_key="none", is_chat_model=True)
check(model.chat([ChatMessage(role="user", content=QUESTION)]).message.content)
print("chat")
""",
    ),
    "llm": Program(
        ("llm",),
        """
import pathlib, subprocess, sys, tempfile
home = pathlib.Path(tempfile.mkdtemp())
(home / "extra-openai-models.yaml").write_text(
    f"- model_id: footnote\\n  model_name: footnote\\n  api_base: {BASE}\\n"
)
env = {**os.environ, "LLM_USER_PATH": str(home), "OPENAI_API_KEY": "none"}
def told(*words):
    program = str(pathlib.Path(sys.executable).with_name("llm"))
    return subprocess.run(
        [program, *words], env=env, capture_output=True, text=True, check=True
    ).stdout
check(told("-m", "footnote", QUESTION))
assert told("-c", "-m", "footnote", "And how long did they last?").strip()
print("`llm -m footnote`, and `llm -c -m footnote` for a follow-up")
""",
    ),
    "aider": Program(
        ("aider-chat",),
        """
import pathlib, subprocess, sys, tempfile
env = {**os.environ, "OPENAI_API_BASE": BASE, "OPENAI_API_KEY": "none"}
words = "--model openai/footnote --chat-mode ask --no-git --no-show-model-warnings --no-stream"
words += " --yes-always --no-check-update --analytics-disable --no-pretty --map-tokens 0"
done = subprocess.run(
    [str(pathlib.Path(sys.executable).with_name("aider")), *words.split(), "--message", QUESTION],
    env=env, cwd=tempfile.mkdtemp(), capture_output=True, text=True, check=True
)
check(done.stdout)
print("`aider --model openai/footnote --chat-mode ask --message`")
""",
    ),
    "openai (npm)": Program(("openai",), _OPENAI_NPM, "npm"),
    "MCP Inspector (npm)": Program(("@modelcontextprotocol/inspector",), _INSPECTOR_NPM, "npm"),
    "ai (npm)": Program(("ai", "@ai-sdk/openai-compatible"), _AI_NPM, "npm"),
}


def installed(place: Path, program: Program) -> None:
    """Install what is missing."""
    if program.folder:
        if not all((place / "node_modules" / name).is_dir() for name in program.packages):
            place.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--silent", "--prefix", str(place), *program.packages]
            subprocess.run(command, check=True)
    elif not (place / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", *program.packages], check=True)


def version(place: Path, program: Program) -> str:
    """The version of what is installed."""
    package = program.packages[0].partition("[")[0]
    if program.folder:
        code = f"console.log(require('{place}/node_modules/{package}/package.json').version)"
        command = ["node", "-e", code]
    else:
        code = f"from importlib.metadata import version; print(version({package!r}))"
        command = [str(place / "bin" / "python"), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_plain())
    return done.stdout.strip()


def run(place: Path, program: Program, address: str) -> str:
    """What a program did. Raises RuntimeError with the end of what it said if it failed."""
    if program.folder:
        script = place / "asks.mjs"
        script.write_text(program.code, encoding="utf-8")
        command = ["node", script.name]
    else:
        command = [str(place / "bin" / "python"), "-c", f"import os{_ASKED}{program.code}"]
    env = _plain() | {"ADDRESS": address}
    done = subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=place, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip()[-2000:])
    return done.stdout.strip().splitlines()[-1]


def _plain() -> dict[str, str]:
    """The environment without this checkout, which a program must not import."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@click.command()
@click.argument("environments", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, type=click.Choice(list(PROGRAMS)))
def main(environments: Path, names: tuple[str, ...]) -> None:
    """Print a row for each program."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        index = [*FOOTNOTE, "--data", str(data), "index", str(ROOT / "seeds")]
        subprocess.run(index, check=True, stdout=subprocess.DEVNULL)
        with serving(data) as address:
            for name in names or PROGRAMS:
                program = PROGRAMS[name]
                place = environments.resolve() / (program.folder or name)
                try:
                    installed(place, program)
                    row = version(place, program), run(place, program, address)
                except (RuntimeError, subprocess.SubprocessError) as error:
                    failed, row = True, ("", f"FAILED: {error}")
                click.echo(f"| {name} | {row[0]} | {row[1]} |")
    sys.exit(failed)


if __name__ == "__main__":
    main()
