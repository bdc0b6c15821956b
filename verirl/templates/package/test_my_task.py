"""What `verirl task check` asks of every task, and what is true of this one."""

from my_task import MyTask

from verirl.check import check


def test_the_task_holds() -> None:
    rows = list(check("my_task:MyTask", {}))
    assert [finding for row in rows for finding in row.findings] == []


def test_every_split_has_problems() -> None:
    task = MyTask(MyTask.Config())
    assert all(task.problems(split) for split in ("train", "validation", "test"))
