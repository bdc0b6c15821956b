def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def schedule(due, effort):
    waiting = list(enumerate(zip(due, effort, strict=False)))
    clock = late = 0
    log = []

    def rank(job):
        _, (when, work) = job
        return i32(idiv(java_abs(i32(when - clock)), work or 1)), work

    while waiting:
        waiting.sort(key=rank)
        number, (when, work) = waiting.pop(0)
        clock = i32(2 * clock + work * 70001)
        # sequence is read after its increment
        log.append(i32((len(log) + 1) * 31 + clock) ^ number)
        late += clock > when
    return [*log, late]
