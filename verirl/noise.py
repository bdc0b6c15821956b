r"""What corrects for a verifier that is wrong at known rates.

A binary verdict passes through a channel with the false-positive rate rho_0 = P(r~ = 1 | r = 0) and the false-negative rate
rho_1 = P(r~ = 0 | r = 1). With J = 1 - rho_0 - rho_1 (Youden's J) and noise that looks at nothing else:

    E[r~ | r] = rho_0 + J r

so a reward that is centred within its group (`centred`, `leave_one_out`) drifts where the clean one does, J times as fast: not at
all at J = 0, and backwards below. Corrections (Cai et al. 2025, "Reinforcement Learning with Verifiable yet Noisy Rewards under
Imperfect Verifiers"; both are of Natarajan et al. 2013 and Patrini et al. 2017 in the supervised case):

    backward    (r~ - rho_0) / J           E = r: unbiased, with a variance that grows as J falls
    forward     r~ - (1 - rho_1)           E = J (r - 1): the clean direction, needs rho_1 alone

Both are affine in r~. What a group's mean takes away and its standard deviation divides out is the same with them as without:
with `standardized` advantages neither changes anything, with centred ones `backward` restores the scale. They matter where rates
differ between tasks or kinds of problem, or where a reward is used without a baseline.
"""

from __future__ import annotations

from verirl.config import NoiseConfig


def youden(false_positive_rate: float, false_negative_rate: float) -> float:
    """J: 1 for a verifier that is never wrong, 0 for one that knows nothing."""
    return 1.0 - false_positive_rate - false_negative_rate


def backward(reward: float, false_positive_rate: float, false_negative_rate: float) -> float:
    """The reward whose expectation over the noise is the clean one. Needs J above 0."""
    return (reward - false_positive_rate) / youden(false_positive_rate, false_negative_rate)


def forward(reward: float, false_negative_rate: float) -> float:
    """The weight of the score function whose expectation is J (r - 1)."""
    return reward - (1.0 - false_negative_rate)


def corrected(reward: float, noise: NoiseConfig) -> float:
    """The reward that advantages are made of, as `reward.noise.correction` says."""
    if noise.correction == "backward":
        return backward(reward, noise.false_positive_rate, noise.false_negative_rate)
    if noise.correction == "forward":
        return forward(reward, noise.false_negative_rate)
    return reward
