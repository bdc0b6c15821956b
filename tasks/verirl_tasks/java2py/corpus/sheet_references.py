class CycleError(Exception):
    pass


class Box:
    """An Integer outside the cache: equal to itself only."""

    def __init__(self, value):
        self.value = value


class Sheet:
    def __init__(self, cells):
        self.cells = cells
        self.memo = [None] * len(cells)
        self.active = [False] * len(cells)
        self.calls = 0

    def value(self, cell):
        if self.memo[cell] is not None:
            return self.memo[cell]
        self.calls += 1
        content = self.cells[cell]
        half = content // 2 if content >= 0 else -(-content // 2)
        if content % 2 == 0:
            self.memo[cell] = Box(half)
            return self.memo[cell]
        if self.active[cell]:
            raise CycleError
        self.active[cell] = True
        left, right = content % len(self.cells), half % len(self.cells)
        try:
            total = self.value(left).value + self.value(right).value
            self.memo[cell] = Box((total + 2**31) % 2**32 - 2**31)
        finally:
            self.active[cell] = False
        return self.memo[cell]


def same(a, b):
    if a is None or b is None:
        return a is b
    return a is b or (a.value == b.value and -128 <= a.value <= 127)


def resolve(sheet):
    cells = Sheet(sheet[:12])
    values = []
    previous = None
    unchanged = 0
    for i in range(len(cells.cells)):
        try:
            found = cells.value(i)
        except CycleError:
            found = None
        if same(found, previous):
            unchanged += 1
        values.append(None if found is None else found.value)
        previous = found
    return [*values, unchanged, cells.calls]
