"""Which arms may stand side by side, and what each of them runs with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from verirl.config import RunConfig, load_config
from verirl.contrast.plan import Labels, make_plan
from verirl.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
VERIFIER = {"name": "verifier", "reward": "verifier"}


def config(*arms: dict[str, Any], **sections: Any) -> RunConfig:
    contrast = {"arms": [VERIFIER, *arms], **sections.pop("contrast", {})}
    return RunConfig.model_validate({"steps": 40, "eval": {"every": 10}, "contrast": contrast, **sections})


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("contrast-*.toml")), ids=lambda path: path.stem)
def test_the_shipped_contrasts_are_plans(path: Path) -> None:
    plan = make_plan(load_config(path), Path("runs/x"))
    assert len(plan.arms) >= 8 and len(plan.config.contrast.seeds) >= 5
    kinds = {arm.reward for arm in plan.arms}
    assert {"verifier", "rater", "learned", "length", "random"} <= kinds


@pytest.mark.parametrize(
    "arm, message",
    [
        ({"name": "verifier"}, "would share a folder"),
        ({"name": "Verifier!"}, "would share a folder"),
        ({"name": "?!"}, "no letter"),
        ({"name": "a", "rater": "nobody"}, "names the rater 'nobody', but contrast.raters has verifier, vibe"),
        ({"name": "a", "reward": "length", "members": 3}, "only a learned reward has"),
        ({"name": "a", "combine": "average"}, "averages the weights of one model"),
        ({"name": "a", "rounds": 1, "members": 3}, "rounds are for one reward model"),
        ({"name": "a", "rounds": 2}, "do not part into 3 stretches"),
        ({"name": "a", "flip_rate": 0.1}, "a flip_rate, which is of the verifier's rewards"),
        ({"name": "a", "config": {"steps": 50}}, "changes steps: arms must be equal in policy samples"),
        ({"name": "a", "config": {"rollout": {"group_size": 4}}}, "changes rollout.group_size"),
        ({"name": "a", "config": {"optimizer": {"updates_per_batch": 2}}}, "changes optimizer.updates_per_batch"),
        ({"name": "a", "config": {"seed": 3}}, "sets config.seed"),
        ({"name": "a", "config": {"reward": {"workers": 3}}}, "sets config.reward"),
        ({"name": "a", "config": {"losses": {}}}, "unknown key `losses`"),
        ({"name": "a", "config": {"loss": {"kind": "ppo"}}}, "`loss.kind`"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(arm: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")) as caught:
        make_plan(config(arm), Path("runs/x"))
    assert str(caught.value).startswith("contrast.arms: ")


def test_a_rater_of_people_gives_no_reward() -> None:
    raters = {"people": {"kind": "jsonl"}}
    with pytest.raises(ConfigError, match="asks people for a reward at every step"):
        make_plan(config({"name": "a", "reward": "rater", "rater": "people"}, contrast={"raters": raters}), Path("x"))


def test_one_arm_is_no_contrast_and_a_seed_comes_once() -> None:
    with pytest.raises(ConfigError, match="at least two arms"):
        make_plan(config(), Path("runs/x"))
    with pytest.raises(ConfigError, match="each may be there once"):
        make_plan(config({"name": "a"}, contrast={"seeds": [1, 1]}), Path("runs/x"))


def test_some_arms_alone() -> None:
    arms = [{"name": "a"}, {"name": "b", "rater": "vibe"}]
    plan = make_plan(config(*arms, contrast={"only": ["verifier", "a"]}), Path("runs/x"))
    assert [arm.name for arm in plan.arms] == ["verifier", "a"] and plan.raters_learned == ["verifier"]
    with pytest.raises(ConfigError, match=r"contrast.only: there is no arm 'c'; the arms are: 'verifier', 'a', 'b'"):
        make_plan(config(*arms, contrast={"only": ["c", "a"]}), Path("runs/x"))
    with pytest.raises(ConfigError, match="at least two arms"):
        make_plan(config(*arms, contrast={"only": ["a"]}), Path("runs/x"))


def test_pairs_and_evaluation_are_of_other_problems() -> None:
    with pytest.raises(ConfigError, match="both 'validation'"):
        make_plan(config({"name": "a"}, eval={"split": "validation"}), Path("runs/x"))


def test_what_an_arm_runs_with() -> None:
    arms = (
        {"name": "min of 3", "members": 3, "combine": "min", "kl_coef": 0.1},
        {"name": "warm", "rater": "vibe", "members": 2, "combine": "average", "labels": 4},
        {"name": "wish", "reward": "rater", "rater": "vibe", "config": {"loss": {"kind": "dapo"}}},
    )
    plan = make_plan(config(*arms, contrast={"demonstrations": {"steps": 7}}), Path("runs/x"))
    learned, warm, wish = (plan.run_config(plan.arm(str(arm["name"])), seed=5) for arm in arms)
    assert learned.seed == 5 and learned.model.name == "runs/x/start/checkpoints/step-000007"
    assert (learned.reward.kind, learned.reward.combine, learned.loss.kl_coef) == ("learned", "min", 0.1)
    members = "runs/x/seed-5/reward-models/verifier-x1/members"
    assert learned.reward.models == tuple(f"{members}/{number}" for number in range(3))
    assert warm.reward.models == ("runs/x/seed-5/reward-models/vibe-x4/average-2",)
    assert (wish.reward.kind, wish.preferences.rater.kind, wish.loss.kind) == ("rater", "vibe", "dapo")
    # Each rater's first model is there too, to be measured with, and no model is trained twice.
    assert plan.reward_models == {
        Labels(rater="verifier", times=1.0): 3,
        Labels(rater="vibe", times=1.0): 1,
        Labels(rater="vibe", times=4.0): 2,
    }
    assert plan.arm_folder(5, plan.arm("min of 3")) == Path("runs/x/seed-5/min-of-3")
