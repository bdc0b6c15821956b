"""Pure group maths: from the rewards of one problem's samples to their advantages."""

from __future__ import annotations

import math
from collections.abc import Sequence

STD_EPSILON = 1e-4  # keeps the advantages of a group whose rewards barely differ from exploding


def group_advantages(rewards: Sequence[float | None], std_normalization: bool = True) -> list[float | None]:
    """Group-relative advantages, A_i = (r_i - mean(r)) / (std(r) + 1e-4), of one group.

    Source: DeepSeekMath (Shao et al. 2024), equation 3 and below; std is the sample standard deviation (divisor G - 1).
    With `std_normalization` false the denominator is left out (Dr. GRPO, Liu et al. 2025).

    A reward of None (the policy is not to blame) takes no part and gets None back. A group in which fewer than two
    rewards are left, or all are equal, says nothing about which sample was better: its advantages are 0.
    """
    known = [reward for reward in rewards if reward is not None]
    if len(known) < 2 or max(known) == min(known):
        return [None if reward is None else 0.0 for reward in rewards]
    mean = math.fsum(known) / len(known)
    scale = 1.0
    if std_normalization:
        scale = math.sqrt(math.fsum((reward - mean) ** 2 for reward in known) / (len(known) - 1)) + STD_EPSILON
    return [None if reward is None else (reward - mean) / scale for reward in rewards]
