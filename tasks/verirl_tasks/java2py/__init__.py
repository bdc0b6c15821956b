"""Java methods to be rewritten in Python, judged by running both: what the Java does on many inputs is recorded once, and
a translation has to do the same. docs/java2py.md says how, and what that cannot show."""

from verirl_tasks.java2py.task import Java2PyConfig, Java2PyTask

__all__ = ["Java2PyConfig", "Java2PyTask"]
