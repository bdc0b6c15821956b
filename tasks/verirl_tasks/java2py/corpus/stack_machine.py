def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


class Machine:
    def __init__(self):
        self.stack = []
        self.faults = 0

    def pop(self):
        if not self.stack:
            self.faults += 1
            return self.faults + 1
        return self.stack.pop()

    def apply(self, opcode):
        push = self.stack.append
        kind = opcode & 7
        if kind == 5:
            push(i32(self.pop() * self.pop()))
        elif kind == 6:
            right = self.pop()
            push(i32(idiv(self.pop(), right)))
        elif kind == 4:
            right = self.pop()
            push(irem(self.pop(), right))
        elif kind == 3:
            # falls through to the addition
            push(i32(-self.pop()))
            push(i32(self.pop() + self.pop()))
        elif kind == 2:
            push(i32(self.pop() + self.pop()))
        else:
            push(opcode)


def execute(program):
    machine = Machine()
    for instruction in program:
        machine.apply(instruction)
    if machine.faults > 6:
        raise RuntimeError(f"stack underflow: {machine.faults}")
    return machine.stack[::-1]
