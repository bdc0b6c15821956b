"""What `verirl task check` asks of every task, and what is true of this one."""

from example_plugin import ExamplePlugin

from verirl.check import check


def test_the_task_holds() -> None:
    rows = list(check("example_plugin:ExamplePlugin", {}))
    assert [finding for row in rows for finding in row.findings] == []


def test_every_split_has_problems() -> None:
    task = ExamplePlugin(ExamplePlugin.Config())
    assert all(task.problems(split) for split in ("train", "validation", "test"))
