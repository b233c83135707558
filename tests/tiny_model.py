"""A language model in a file of half a megabyte: random weights, real format. What it writes is nonsense of a form."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

_WIDTH, _HIDDEN, _LAYERS, _HEADS, _CONTEXT = 64, 128, 2, 4, 65_536
_LIKELY = {'"': 5.0, ",": 1.5, "]": 4.0, "}": 4.0, " ": 1.0}  # so that strings and lists come to an end


def write_tiny_model(path: Path, *, seed: int = 7) -> None:
    """Write a llama model with a byte vocabulary to `path`."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *map(chr, range(32, 127))]
    types = [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 2, *[gguf.TokenType.BYTE] * 256]
    types += [gguf.TokenType.NORMAL] * (len(tokens) - len(types))
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}\n{% endfor %}")
    _add_weights(writer, tokens, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_weights(writer: gguf.GGUFWriter, tokens: list[str], random: np.random.Generator) -> None:
    def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    embedding, output = weights(len(tokens), _WIDTH), weights(len(tokens), _WIDTH)
    embedding[:, 0] = 3.0  # a constant, so that a row of the output has a bias in its first place
    output[:, 0] = [-4.0 if token.startswith("<") else _LIKELY.get(token, 0.0) for token in tokens]
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, dtype=np.float32))
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{name}.weight", np.ones(_WIDTH, dtype=np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}.{name}.weight", weights(_WIDTH, _WIDTH))
        for name in ("ffn_gate", "ffn_up"):
            writer.add_tensor(f"{block}.{name}.weight", weights(_HIDDEN, _WIDTH))
        writer.add_tensor(f"{block}.ffn_down.weight", weights(_WIDTH, _HIDDEN))
