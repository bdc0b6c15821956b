"""Reward models on disk, in HF format, with a `reward_model.json` beside the weights.

With the head `last` the folder is a transformers sequence classification model with one label, and gives the same raw
score when loaded as one. With the head `sequence` it is the causal language model, and `head.safetensors` the head.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from verirl.errors import ModelError, short
from verirl.models import atomic_folder
from verirl.reward_model.model import HeadKind, RewardModel
from verirl.runlog import writing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CARD = "reward_model.json"
HEAD = "head.safetensors"
EXPECTED = f"expected a folder with {CARD}, or a run of `verirl rm train` with members/0, members/1, ... or average"


@dataclass(frozen=True, kw_only=True)
class Card:
    """`mean` and `std` of raw scores; `vocab` is a fingerprint of the tokenizer, and `tokenizer` its name for people."""

    head: HeadKind
    mean: float
    std: float
    vocab: str
    tokenizer: str


def save_reward_model(model: RewardModel, folder: Path) -> None:
    """The whole folder or nothing of it. Raises ModelError for a backbone that transformers cannot classify with (head
    `last`), RunError where nothing can be written."""
    card = {
        "head": model.kind,
        "mean": float(model.mean),
        "std": float(model.std),
        "vocab": fingerprint(model.tokenizer),
        "tokenizer": str(getattr(model.tokenizer, "name_or_path", "")),
    }
    tokenizer = copy.deepcopy(model.tokenizer)
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder) as scratch:
            if model.kind == "last":
                _classifier(model, tokenizer).save_pretrained(scratch)
            else:
                model.backbone.save_pretrained(scratch)
                tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.head.state_dict().items()}
                save_file(tensors, scratch / HEAD)
            tokenizer.save_pretrained(scratch)
            (scratch / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def load_reward_model(folder: Path) -> RewardModel:
    """Raises ModelError where it is missing, broken, or no reward model."""
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    card = read_card(folder)
    last = card.head == "last"
    auto: Any = AutoModelForSequenceClassification if last else AutoModelForCausalLM
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        loaded, info = auto.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        if info["missing_keys"]:
            raise KeyError(min(info["missing_keys"]))
        model = RewardModel(loaded, tokenizer, card.head)
        model.head.load_state_dict({"weight": loaded.score.weight} if last else load_file(folder / HEAD))
    except ModelError:
        raise
    except (Exception, SafetensorError) as error:
        raise ModelError(f"reward model {folder}: it cannot be loaded ({short(error)}).") from error
    with torch.no_grad():
        model.mean.fill_(card.mean)
        model.std.fill_(card.std)
    return model


def read_card(folder: Path) -> Card:
    """What a reward model says of itself. Raises ModelError."""
    path = folder / CARD
    if not path.is_file():
        raise ModelError(f"reward model {folder}: there is no {CARD} in it; {EXPECTED}.")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        card = Card(
            head=value["head"],
            mean=float(value["mean"]),
            std=float(value["std"]),
            vocab=str(value["vocab"]),
            tokenizer=str(value.get("tokenizer", "")),
        )
        whole = card.head in ("last", "sequence") and math.isfinite(card.mean) and math.isfinite(card.std)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"reward model {folder}: {CARD} cannot be read ({short(error)}).") from None
    if not whole or card.std <= 0:
        raise ModelError(f"reward model {folder}: {CARD} needs head 'last' or 'sequence', a finite mean and std > 0.")
    return card


def member_folders(folder: Path) -> list[Path]:
    """The reward models that a name stands for: the folder itself, or of a run its average where there is one, else its
    members in order. Raises ModelError."""
    if not folder.is_dir():
        raise ModelError(f"reward model {folder}: no such folder; {EXPECTED}.")
    for one in (folder, folder / "average"):
        if (one / CARD).is_file():
            return [one]
    members = [path for path in (folder / "members").glob("*") if path.name.isdecimal() and (path / CARD).is_file()]
    if not members:
        raise ModelError(f"reward model {folder}: there is no {CARD} in it; {EXPECTED}.")
    return sorted(members, key=lambda path: int(path.name))


def check_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises ModelError, naming both, where a reward model reads other tokens than the policy writes."""
    card = read_card(folder)
    if card.vocab != fingerprint(tokenizer):
        theirs = str(getattr(tokenizer, "name_or_path", "")) or "unnamed"
        raise ModelError(
            f"reward model {folder} has the tokenizer of {card.tokenizer or 'an unnamed model'}, and the policy that of "
            f"{theirs}, which is another one: train the reward model on the policy's own."
        )


def fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """Of what token ids mean: the vocabulary with added tokens, and the end token. Padding is not part of it."""
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: (item[1], item[0]))
    text = json.dumps([vocabulary, tokenizer.eos_token_id])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _classifier(model: RewardModel, tokenizer: PreTrainedTokenizerBase) -> Any:
    """The model as transformers' sequence classification, sharing its weights; `tokenizer` is given a padding token.

    That class reads the last token that is not padding. Many tokenizers pad with the end token, and then it would pass
    over the end of a response; so another special token becomes the padding, or none, and then it takes one row at a
    time.
    """
    from transformers import AutoModelForSequenceClassification

    config = copy.deepcopy(model.backbone.config)
    config.num_labels = 1
    special = [tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.bos_token_id]
    padding = next((token for token in special if token not in (None, tokenizer.eos_token_id)), None)
    config.get_text_config().pad_token_id = padding
    if padding is not None:
        tokenizer.pad_token_id = padding
    try:
        auto: Any = AutoModelForSequenceClassification
        with torch.device("meta"):  # its own weights are not wanted
            made = auto.from_config(config)
        if made.score.weight.shape != model.head.weight.shape or made.score.bias is not None:
            raise ValueError("its head is another one")
    except (ValueError, AttributeError) as error:
        raise ModelError(
            f"transformers has no sequence classification of {type(model.backbone).__name__} ({short(error)}); take "
            "reward_model.head = 'sequence'."
        ) from None
    setattr(made, made.base_model_prefix, model.backbone)
    made.score.weight = model.head.weight
    return made
