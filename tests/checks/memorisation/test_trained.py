"""A language model that is really taught: what it saw often stands out, and nothing else."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from auditkit.checks.memorisation.check import CHECK
from auditkit.evidence import Evidence, make_plan
from auditkit.evidence.asked import with_asked
from auditkit.models.generators.wrapping import wrap_generator
from tests.checks.audits import found, inside, interval, outside, value
from tests.checks.probed import subject_of
from tests.models.generators import tiny

EACH, REPEATS, STEPS, BATCH = 12, 150, 80, 48


def test_canaries_of_a_trained_model() -> None:
    rng = np.random.default_rng(0)
    pairs = [f"w{one} w{other}" for one in range(10, 40) for other in range(10, 40)]
    chosen = rng.permutation(len(pairs))
    secrets = [pairs[place] for place in chosen[: 2 * EACH]]
    prefixes = [f"w{place % 10} w{place // 10}" for place in range(2 * EACH)]
    table = {"prefix": prefixes, "secret": secrets, "repeats": [REPEATS] * EACH + [0] * EACH}
    texts = [f"{prefixes[place]} {secrets[place]}" for place in range(EACH)] * REPEATS
    while len(texts) < STEPS * BATCH:
        texts.append(f"w{rng.integers(10)} w{rng.integers(10)} {pairs[rng.integers(len(pairs))]}")
    network = _taught([texts[place] for place in rng.permutation(len(texts))])

    subject = subject_of({"canaries": table, "candidates": {"candidate": pairs},
                          "extraction": {"text": texts[:EACH]}})  # fmt: skip
    model = wrap_generator(network, tiny.tokenizer(), device="cpu")
    plan = make_plan(CHECK.needs(subject), subject)
    with model.opened():
        findings = CHECK.measure(subject, with_asked(Evidence({}), plan, model, quiet=True))

    assert outside(found(findings, "memorisation.canary_auc", label="inserted"), 0, 0.6)
    assert inside(found(findings, "memorisation.canary_rank", label="never inserted"), 0.1, 0.9)
    seen = f"{REPEATS} repeats"
    never = interval(findings, "memorisation.exposure", label="never inserted")
    assert value(findings, "memorisation.exposure", label=seen) > never.high
    assert value(findings, "memorisation.extraction_rate") > 0.5


def _taught(texts: list[str]) -> nn.Module:
    """A tiny Llama after one pass over the texts."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    words, network = (
        tiny.tokenizer(),
        tiny.llama(initializer_range=0.05, hidden_size=64, num_hidden_layers=1),
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for start in range(0, len(texts), BATCH):
        ids = torch.tensor([words.encode(one) for one in texts[start : start + BATCH]])
        logits = network(input_ids=ids, use_cache=False).logits[:, :-1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.set_num_threads(before)
    return network.eval()
