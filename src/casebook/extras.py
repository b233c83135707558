"""The extras: what each is for, and by which modules one sees that it is there."""

from __future__ import annotations

import importlib.util
from typing import Final

EXTRAS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {  # name: what for, modules
    "anthropic": ("models of Anthropic", ("anthropic", "pydantic_ai")),
    "docx": ("the report as a Word file", ("docx", "typst")),
    "gdrive": ("files from Google Drive, and reports to it", ("googleapiclient", "google_auth_httplib2")),
    "google": ("models of Google", ("google.genai", "pydantic_ai")),
    "local": ("a language model in this process", ("xllamacpp", "pydantic_ai")),
    "mcp": ("casebook mcp", ("mcp",)),
    "model": ("language models and stores of OpenAI, and servers like it", ("openai", "pydantic_ai", "genai_prices")),
    "notify": ("notices by mail, Slack and others", ("apprise",)),
    "objects": ("outputs in a bucket", ("obstore",)),
    "ocr": ("scanned documents", ("rapidocr", "onnxruntime")),
    "otel": ("traces for OpenTelemetry", ("opentelemetry.sdk",)),
    "pdf": ("the report as a PDF", ("typst",)),
    "redis": ("one rate limit for several servers", ("redis",)),
    "serve": ("casebook serve, worker and job", ("dbos", "starlette", "uvicorn", "psycopg", "jinja2")),
}


def missing_of(extra: str) -> list[str]:
    """Return the modules of an extra that are not installed."""
    return [module for module in EXTRAS[extra][1] if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Tell whether a module could be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
