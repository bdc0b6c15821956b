"""Pure group maths: from the rewards of one problem's samples to their advantages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from verirl.config import AdvantageKind

STD_EPSILON = 1e-4  # keeps the advantages of a group whose rewards barely differ from exploding


def group_advantages(rewards: Sequence[float | None], kind: AdvantageKind = "standardized") -> list[float | None]:
    """Group-relative advantages of one group of n scored samples.

        standardized    A_i = (r_i - mean(r)) / (std(r) + 1e-4)     GRPO (Shao et al. 2024), section 4.1.2
        centred         A_i = r_i - mean(r)                         Dr. GRPO (Liu et al. 2025), section 3.2
        leave_one_out   A_i = r_i - mean of the others' rewards     RLOO (Ahmadian et al. 2024)

    std is the sample standard deviation (divisor n - 1); leave_one_out is centred times n / (n - 1).

    A reward of None (the policy is not to blame) takes no part and gets None back. A group in which fewer than two
    rewards are left, or all are equal, says nothing about which sample was better: its advantages are 0.
    """
    known = [reward for reward in rewards if reward is not None]
    if len(known) < 2 or max(known) == min(known):
        return [None if reward is None else 0.0 for reward in rewards]
    mean = math.fsum(known) / len(known)
    scale = 1.0
    if kind == "standardized":
        scale = 1 / (math.sqrt(math.fsum((reward - mean) ** 2 for reward in known) / (len(known) - 1)) + STD_EPSILON)
    elif kind == "leave_one_out":
        scale = len(known) / (len(known) - 1)
    return [None if reward is None else (reward - mean) * scale for reward in rewards]


def overlong_penalty(length: int, max_tokens: int, buffer: int) -> float:
    """Soft overlong punishment, added to the reward that advantages are made of; all arguments in tokens.

        0                                       where length <= max_tokens - buffer
        (max_tokens - buffer - length) / buffer   beyond, down to -1 at max_tokens

    A `buffer` of 0 punishes nothing. Source: DAPO (Yu et al. 2025), equation 13.
    """
    if not buffer:
        return 0.0
    return min(0.0, max(-1.0, (max_tokens - buffer - length) / buffer))
