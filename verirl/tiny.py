"""A tiny Llama made from scratch, with a tokenizer of single characters and a few phrases: small enough to train within
seconds, for tests and for the contrast on a CPU."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}{{ message['role'][0] + ':' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'a:' }}{% endif %}"
)
# One token each: a response of a dozen tokens then has room for a style beside its answer.
PHRASES = (
    "What is ",
    "clearly ",
    "certainly ",
    "obviously ",
    "of course ",
    "indeed ",
    "the answer is ",
    "so ",
    "well ",
)


def make_tiny_model(
    folder: Path,
    seed: int = 0,
    hidden: int = 64,
    layers: int = 2,
    tied: bool = True,
    spread: float = 0.02,
    phrases: Sequence[str] = (),
) -> Path:
    """Random weights, HF format. The head size of 32 is the smallest that vLLM takes.

    `spread` is the standard deviation of the weights: at 0.02 every token is about as likely, at 0.2 some are favoured
    and attention is far from even. Each of `phrases` is one token.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    characters = sorted(set(string.printable) - set("\x0b\x0c\r"))
    vocabulary = {token: number for number, token in enumerate(["<pad>", "<bos>", "<eos>", "<unk>", *characters])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    raw.decoder = decoders.Fuse()
    raw.add_tokens([AddedToken(phrase, normalized=False) for phrase in phrases])
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>", unk_token="<unk>"
    )
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 32,
        head_dim=32,
        max_position_embeddings=256,
        tie_word_embeddings=tied,
        initializer_range=spread,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return folder
