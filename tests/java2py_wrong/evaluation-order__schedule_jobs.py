def wrap(x):
    return (x + 2**31) % 2**32 - 2**31


def quotient(a, b):
    q = abs(a) // abs(b)
    return wrap(q if (a < 0) == (b < 0) else -q)


def schedule(due, effort):
    waiting = list(enumerate(zip(due, effort, strict=False)))
    clock = late = 0
    log = []
    while waiting:
        now = clock
        waiting.sort(key=lambda job: (quotient(wrap(abs(wrap(job[1][0] - now))), job[1][1] or 1), job[1][1]))
        number, (when, work) = waiting.pop(0)
        # both operands see the clock after the assignment within
        clock += work * 70001
        clock = wrap(clock + clock)
        log.append(wrap((len(log) + 1) * 31 + clock) ^ number)
        late += clock > when
    return [*log, late]
