"""Language models small enough to be made in a test, with a tokenizer of words."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

SPECIAL = ("<pad>", "<bos>", "<eos>")
WORDS = (*SPECIAL, *(f"w{number}" for number in range(40)), "yes", "no", "true", "?")


def tokenizer(words: tuple[str, ...] = WORDS) -> Any:
    """Each word is a token, as one of transformers."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<pad>")
    )
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<pad>",
    )


_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "vocab_size": len(WORDS)}


def llama(**more: Any) -> nn.Module:
    """Three blocks of width 32; random weights, wide enough to say something."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    given = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
        "num_attention_heads": 4, "max_position_embeddings": 64, "initializer_range": 0.3,
        **_IDS, **more,
    }  # fmt: skip
    return LlamaForCausalLM(LlamaConfig(**given)).eval()


def gpt2(**more: Any) -> nn.Module:
    """Three blocks of width 32, with places that are learnt."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    given = {
        "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "initializer_range": 0.3,
        **_IDS, **more,
    }  # fmt: skip
    return GPT2LMHeadModel(GPT2Config(**given)).eval()


def t5(**more: Any) -> nn.Module:
    """Two blocks on each side, with distances that are learnt."""
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(2)
    given = {
        "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2,
        "num_heads": 4, "decoder_start_token_id": 0, "initializer_factor": 1.0,
        "tie_word_embeddings": False, **_IDS, **more,
    }  # fmt: skip
    return T5ForConditionalGeneration(T5Config(**given)).eval()


def bart(**more: Any) -> nn.Module:
    """Two blocks on each side, with places that are learnt."""
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(3)
    given = {
        "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
        "max_position_embeddings": 64, "init_std": 0.3, "decoder_start_token_id": 2,
        "forced_eos_token_id": None, "tie_word_embeddings": False, **_IDS, **more,
    }  # fmt: skip
    return BartForConditionalGeneration(BartConfig(**given)).eval()


MADE = {"llama": llama, "gpt2": gpt2, "t5": t5, "bart": bart}


def logits_by_hand(module: Any, prompt: list[int], answer: list[int]) -> Tensor:
    """The logits before each answer token, by a plain forward without padding or cache."""
    with torch.no_grad():
        if module.config.is_encoder_decoder:
            begins = [module.config.decoder_start_token_id, *answer[:-1]]
            found = module(torch.tensor([prompt]), decoder_input_ids=torch.tensor([begins]))
            return found.logits[0]
        found = module(torch.tensor([[*prompt, *answer[:-1]]]))
        return found.logits[0, len(prompt) - 1 :]


def mistral(**more: Any) -> nn.Module:
    """Three blocks that look back at four tokens."""
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(4)
    given = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": 4,
        "initializer_range": 0.3, **_IDS, **more,
    }  # fmt: skip
    return MistralForCausalLM(MistralConfig(**given)).eval()
