"""Mathematics with short exact answers: generated arithmetic, GSM8K, MATH-500, or a JSONL of one's own."""

from verirl_tasks.math.task import MathConfig, MathTask

__all__ = ["MathConfig", "MathTask"]
