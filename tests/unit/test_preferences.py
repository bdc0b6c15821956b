"""Preference pairs: what is drawn, what is shown and labelled, files, and the split by problems."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import problem, run_config
from verirl.contrast_config import RaterConfig
from verirl.errors import ConfigError, DataError
from verirl.reward_model.preferences import (
    Labelled,
    Pair,
    draw,
    label,
    read_pairs,
    read_people_pairs,
    split_pairs,
    write_pairs,
)
from verirl.rollout import sample_seed
from verirl.samplers.scripted import ScriptedSampler
from verirl.types import Group, Problem, Request, Status, Trajectory, Verdict

VIBE = RaterConfig(kind="vibe")
VERIFIER = RaterConfig(kind="verifier")
PROMPT = ({"role": "user", "content": "3+4"},)


def encode(problem: Problem, max_tokens: int) -> list[int]:
    return [ord(letter) for letter in problem.id]


def verify_group(problem: Problem, texts: Sequence[str]) -> list[Verdict]:
    """The answer is the last word."""
    right = [text.split()[-1:] == [problem.data["answer"]] for text in texts]
    return [Verdict(status=Status.CORRECT if ok else Status.INCORRECT, reward=float(ok)) for ok in right]


def groups_of(count: int, texts: Sequence[str]) -> list[Group]:
    """The same texts for each problem, 7 being right; a token a letter."""
    made = []
    for number in range(count):
        asked = problem(f"p{number}")
        trajectories = [Trajectory(text=text, token_ids=[ord(letter) for letter in text]) for text in texts]
        made.append(Group(problem=asked, trajectories=trajectories, verdicts=verify_group(asked, texts)))
    return made


def labelled(groups: Sequence[Group], rater: RaterConfig, pairs: int = 10**6, per: int = 4, seed: int = 0) -> Labelled:
    return label(groups, rater, pairs, per, seed, max_tokens=100)


def shown(result: Labelled) -> list[tuple[str, frozenset[str]]]:
    return [(pair.problem_id, frozenset((pair.chosen, pair.rejected))) for pair in result.pairs]


def test_draws_have_seeds_of_their_own(tmp_path: Path) -> None:
    """A sample does not depend on the other problems, and samples come back in their order, whatever finished first."""
    seen: dict[tuple[str, int], Request] = {}

    class Backwards(ScriptedSampler):
        def sample(self, requests: Sequence[Request]) -> Any:
            yield from reversed(list(super().sample(requests)))

    def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        name = "".join(map(chr, request.prompt_ids))
        seen[name, index % 3] = request
        return [1, 2], f"{name} {index % 3} 7", [-1.0, -1.0]

    config = run_config(tmp_path, rollout={"max_tokens": 9, "temperature": 0.7, "group_size": 5})
    problems = [problem("a"), problem("b", answer="8")]
    groups = draw(problems, Backwards(script), verify_group, encode, config, seed=4, samples=3)
    assert [group.problem.id for group in groups] == ["a", "b"]
    assert [t.text for group in groups for t in group.trajectories] == [f"{n} {i} 7" for n in "ab" for i in range(3)]
    assert [v.reward for group in groups for v in group.verdicts] == [1.0] * 3 + [0.0] * 3
    for (name, sample), request in seen.items():
        assert request.seed == sample_seed(4, "preferences", name, sample)
        assert (request.max_tokens, request.temperature) == (9, 0.7)
    before = dict(seen)
    draw(problems[1:], Backwards(script), verify_group, encode, config, seed=4, samples=3)
    assert seen == before


def test_a_fault_of_the_verifier_is_not_swallowed(tmp_path: Path) -> None:
    def broken(problem: Problem, texts: Sequence[str]) -> list[Verdict]:
        raise DataError("the worker is gone.")

    sampler = ScriptedSampler(lambda request, index: ([1], "7", [0.0]))
    with pytest.raises(DataError, match="the worker is gone"):
        draw([problem()], sampler, broken, encode, run_config(tmp_path), seed=0, samples=2)


TEXTS = ["7", "so 7", "8", "clearly 8", "9", "clearly 7", "7", "8"]  # 6 that differ, 3 of them right


def test_every_two_texts_are_shown_once_at_most() -> None:
    result = labelled(groups_of(3, TEXTS), VIBE)
    assert result.asked == len(result.pairs) == 3 * 15
    assert result.ties == 0
    assert len(set(shown(result))) == 45
    assert all(pair.chosen != pair.rejected for pair in result.pairs)


def test_the_verifiers_rater_prefers_the_right_one_or_nothing() -> None:
    result = labelled(groups_of(3, TEXTS), VERIFIER)
    assert (result.asked, len(result.pairs), result.ties, result.flipped) == (45, 27, 18, 0)
    assert all(pair.chosen.endswith("7") and pair.rejected[-1] in "89" for pair in result.pairs)


def test_pairs_carry_what_was_sampled() -> None:
    pair = labelled(groups_of(1, ["7", "so 8"]), VERIFIER).pairs[0]
    assert pair == Pair(
        problem_id="p0",
        prompt=PROMPT,
        chosen="7",
        rejected="so 8",
        chosen_tokens=(55,),
        rejected_tokens=tuple(map(ord, "so 8")),
        rater="verifier",
    )


@given(seed=st.integers(0, 1000), per=st.integers(1, 20), pairs=st.integers(1, 80))
def test_raters_are_shown_the_same_comparisons(seed: int, per: int, pairs: int) -> None:
    groups = groups_of(5, TEXTS)
    vibe, verifier = (labelled(groups, rater, pairs, per, seed) for rater in (VIBE, VERIFIER))
    everything = shown(labelled(groups, VIBE, per=per, seed=seed))
    assert shown(vibe) == everything[: min(pairs, 75)]
    decided = [
        (name, texts) for name, texts in everything[: verifier.asked] if len({text[-1] == "7" for text in texts}) == 2
    ]
    assert shown(verifier) == decided
    assert len(verifier.pairs) == min(pairs, 45)
    assert verifier.asked == verifier.ties + len(verifier.pairs)


def test_problems_take_turns() -> None:
    groups = groups_of(4, TEXTS)
    names = [name for name, _ in shown(labelled(groups, VIBE, per=3))]
    assert set(Counter(names[:12]).values()) == {3}
    assert set(Counter(names[:24]).values()) == {6}
    assert len(set(names[:3])) == 1  # a problem's first pairs come together, so that few pairs are of few problems
    assert labelled(groups, VIBE, seed=1).pairs != labelled(groups, VIBE, seed=2).pairs
    assert labelled(groups, VIBE, seed=1) == labelled(groups, VIBE, seed=1)


def test_faults_of_ours_are_shown_to_nobody() -> None:
    group = groups_of(1, ["7", "8", "9", "8"])[0]
    fault = Verdict(status=Status.INFRASTRUCTURE_ERROR)
    faulty = replace(group, verdicts=[group.verdicts[0], fault, fault, group.verdicts[3]])
    result = labelled([faulty], VIBE)
    assert [pair[1] for pair in shown(result)] == [{"7", "8"}]
    assert labelled([replace(group, verdicts=[fault] * 4)], VIBE) == Labelled(pairs=[], asked=0, ties=0, flipped=0)


def many() -> list[Group]:
    return groups_of(300, ["7", "so 7", "8", "so 9"])  # 4 of 6 comparisons are decided: 1,200


def test_flipped_labels_are_as_many_as_asked_for() -> None:
    result = labelled(many(), RaterConfig(kind="verifier", flip_rate=0.25))
    wrong = sum(not pair.chosen.endswith("7") for pair in result.pairs)
    assert result.flipped == wrong
    assert 0.19 < wrong / len(result.pairs) < 0.31  # 4.8 standard errors
    assert result.pairs == labelled(many(), RaterConfig(kind="verifier", flip_rate=0.25)).pairs


def test_the_vibe_rater_errs_as_bradley_and_terry_do() -> None:
    result = labelled(many(), RaterConfig(kind="vibe", temperature=0.5))
    decided = [pair for pair in result.pairs if (pair.chosen[-1] == "7") != (pair.rejected[-1] == "7")]
    right = sum(pair.chosen[-1] == "7" for pair in decided) / len(decided)
    assert abs(right - 0.8808) < 0.045  # sigmoid(1 / 0.5), 4.8 standard errors
    assert result.flipped == round((1 - right) * len(decided))
    alike = [pair for pair in result.pairs if pair.chosen[-1] == pair.rejected[-1] == "7"]
    assert 0.36 < sum(pair.chosen == "7" for pair in alike) / len(alike) < 0.64


def test_a_cold_vibe_rater_follows_its_utility() -> None:
    result = labelled(groups_of(4, ["7", "clearly 7", "8", "clearly 8"]), RaterConfig(kind="vibe", temperature=0.001))
    order = ["8", "clearly 8", "7", "clearly 7"]  # utilities 0, 1/3, 1, 4/3
    assert all(order.index(pair.chosen) > order.index(pair.rejected) for pair in result.pairs)
    assert result.flipped == 0


def test_people_label_no_samples() -> None:
    with pytest.raises(ConfigError, match=r"preferences\.data"):
        labelled(groups_of(1, TEXTS), RaterConfig(kind="jsonl"))


WORDS = st.text(max_size=12)
TOKENS = st.lists(st.integers(0, 127), max_size=5).map(tuple)
PAIRS = st.builds(
    Pair,
    problem_id=WORDS,
    prompt=st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": WORDS}), min_size=1
    ).map(tuple),
    chosen=WORDS,
    rejected=WORDS,
    chosen_tokens=TOKENS,
    rejected_tokens=TOKENS,
    rater=WORDS,
).filter(lambda pair: pair.chosen != pair.rejected)


@given(pairs=st.lists(PAIRS, max_size=4))
def test_files_give_back_what_they_were_given(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> None:
    path = tmp_path_factory.getbasetemp() / "pairs.jsonl"
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


GOOD = {"problem_id": "p", "prompt": list(PROMPT), "chosen": "7", "rejected": "8"}
BAD: list[tuple[Any, str]] = [
    ("{", "not JSON"),
    ("[" * 20000, "not JSON"),
    ([1], "expected"),
    ({**GOOD, "rejected": "7"}, "same text"),
    ({key: value for key, value in GOOD.items() if key != "chosen"}, "`chosen` is missing"),
    ({key: value for key, value in GOOD.items() if key != "prompt"}, "`prompt` is missing"),
    ({**GOOD, "rejected": None}, "`rejected`"),
    ({**GOOD, "chosen": 7}, "`chosen`"),
    ({**GOOD, "problem_id": 7}, "`problem_id` is not text"),
    ({**GOOD, "prompt": []}, "`prompt`"),
    ({**GOOD, "prompt": [{"role": "user"}]}, "`prompt`"),
    ({**GOOD, "prompt": ["3+4"]}, "`prompt`"),
]


@pytest.mark.parametrize("read", [read_pairs, read_people_pairs])
@pytest.mark.parametrize(("line", "message"), BAD)
def test_a_bad_line_is_named(tmp_path: Path, read: Any, line: Any, message: str) -> None:
    path = written(tmp_path, GOOD, "", line)
    with pytest.raises(DataError) as caught:
        read(path)
    assert f"{path}, line 3: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("tokens", ["12", [1.5], [-1], [True], None])
def test_bad_tokens_are_named(tmp_path: Path, tokens: Any) -> None:
    with pytest.raises(DataError, match=r"line 1: `chosen_tokens` is not a list of token ids"):
        read_pairs(written(tmp_path, {**GOOD, "chosen_tokens": tokens}))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.jsonl cannot be read"):
        read_pairs(tmp_path / "nothing.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe{")
    with pytest.raises(DataError, match=r"bytes\.jsonl cannot be read"):
        read_people_pairs(tmp_path / "bytes.jsonl")
    with pytest.raises(DataError, match="no pairs in it"):
        read_people_pairs(written(tmp_path, ""))


def test_peoples_pairs_may_be_texts_or_chats(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "7\u2028"}
    wrong = {"role": "assistant", "content": "8"}
    user = {"role": "user", "content": "3+4"}
    path = written(
        tmp_path,
        {"prompt": "3+4", "chosen": "7\u2028", "rejected": "8"},
        {"prompt": [user], "chosen": [answer], "rejected": [wrong]},
        {"prompt": "3+4", "chosen": [user, answer], "rejected": [user, wrong]},
        {"chosen": [user, answer], "rejected": [user, wrong]},
        {"prompt": "2+2", "chosen": "4", "rejected": "5", "problem_id": "mine"},
    )
    first, *alike, named = read_people_pairs(path)
    assert first == replace(first, prompt=PROMPT, chosen="7\u2028", rejected="8", rater="jsonl", chosen_tokens=())
    assert alike == [first] * 3
    assert named.problem_id == "mine"
    assert len(first.problem_id) == 12


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({**GOOD, "chosen": [*PROMPT]}, "must be the assistant's"),
        ({**GOOD, "chosen": []}, "`chosen` is no list"),
        (
            {**GOOD, "chosen": [{"role": "user", "content": "5+5"}, {"role": "assistant", "content": "7"}]},
            "not the prompt",
        ),
        (
            {
                "chosen": [*PROMPT, {"role": "assistant", "content": "7"}],
                "rejected": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "7"}],
            },
            "not the prompt",
        ),
    ],
)
def test_chats_that_do_not_fit_the_prompt_are_named(tmp_path: Path, line: Any, message: str) -> None:
    with pytest.raises(DataError, match=rf"line 1: .*{message}"):
        read_people_pairs(written(tmp_path, line))


def pairs_of(problems: int, each: int = 2) -> list[Pair]:
    return [
        Pair(problem_id=f"p{number}", prompt=PROMPT, chosen=f"{copy}", rejected="no")
        for copy in range(each)
        for number in range(problems)
    ]


@given(
    problems=st.integers(3, 60),
    stop=st.floats(0.001, 0.499),
    report=st.floats(0.001, 0.499),
    seed=st.integers(0, 100),
)
def test_no_problem_is_in_two_parts(problems: int, stop: float, report: float, seed: int) -> None:
    pairs = pairs_of(problems)
    parts = split_pairs(pairs, stop, report, seed)
    names = [{pair.problem_id for pair in part} for part in parts]
    assert all(names)
    assert sum(map(len, names)) == problems == len(set.union(*names))
    assert sorted(map(repr, [pair for part in parts for pair in part])) == sorted(map(repr, pairs))


def test_the_split_has_the_shares_and_stays_when_pairs_are_added() -> None:
    train, stop, report = split_pairs(pairs_of(2000), 0.1, 0.2, seed=3)
    assert 0.068 < len(stop) / 4000 < 0.132  # 4.8 standard errors
    assert 0.157 < len(report) / 4000 < 0.243
    later = split_pairs(pairs_of(3000), 0.1, 0.2, seed=3)
    for before, after in zip((train, stop, report), later, strict=True):
        assert {pair.problem_id for pair in before} <= {pair.problem_id for pair in after}
    assert split_pairs(pairs_of(2000), 0.1, 0.2, seed=4)[1] != stop


def test_too_few_problems_cannot_be_split() -> None:
    with pytest.raises(DataError, match="of 2 problem"):
        split_pairs(pairs_of(2), 0.1, 0.1, seed=0)
