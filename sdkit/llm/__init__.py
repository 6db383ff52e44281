"""Talking to language models: `chat_model` says which one, `ask` gets a validated answer out of it."""

from sdkit.llm.spec import chat_model, default_model
from sdkit.llm.structured import Reply, aask, ask

__all__ = ["Reply", "aask", "ask", "chat_model", "default_model"]
