def wrap(x):
    return (x + 2**31) % 2**32 - 2**31


def quotient(a, b):
    q = abs(a) // abs(b)
    return wrap(q if (a < 0) == (b < 0) else -q)


def execute(program):
    stack = []
    faults = 0

    def pop():
        nonlocal faults
        if not stack:
            faults += 1
            return faults + 1
        return stack.pop()

    for opcode in program:
        kind = opcode & 7
        if kind == 5:
            stack.append(wrap(pop() * pop()))
        elif kind == 6:
            right = pop()
            stack.append(quotient(pop(), right))
        elif kind == 4:
            right = pop()
            left = pop()
            stack.append(left - right * quotient(left, right))
        elif kind in (2, 3):
            if kind == 3:
                stack.append(wrap(-pop()))
            stack.append(wrap(pop() + pop()))
        else:
            stack.append(opcode)
    if faults > 6:
        raise RuntimeError(f"stack underflow: {faults}")
    # a Java deque used as a stack lists its top first
    return stack
