def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def str_hash(s):
    """String.hashCode."""
    data = s.encode("utf-16-le", "surrogatepass")
    h = 0
    for i in range(0, len(data), 2):
        h = 31 * h + (data[i] | data[i + 1] << 8) & 0xFFFFFFFF
    return i32(h)


CAPACITY = 7


class Table:
    def __init__(self):
        self.keys = [None] * CAPACITY
        self.counts = [0] * CAPACITY
        self.probes = 0

    def add(self, key, salt):
        start = irem(java_abs(i32(str_hash(key) * 31 + salt)), CAPACITY)
        for step in range(CAPACITY):
            slot = irem(start + step, CAPACITY)
            self.probes += 1
            if slot < 0:
                raise IndexError(slot)
            if self.keys[slot] is None:
                self.keys[slot] = key
            elif self.keys[slot] != key:
                continue
            self.counts[slot] += 1
            return True
        return False


def slots(words, salt):
    table = Table()
    dropped = sum(not table.add(word, salt) for word in words)
    layout = ["." if key is None else f"{key}={count}" for key, count in zip(table.keys, table.counts, strict=True)]
    return [*layout, f"{table.probes}/{dropped}"]
