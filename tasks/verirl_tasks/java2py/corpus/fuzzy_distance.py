def units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


VOWELS = units("aeiou")


def cost(a, b):
    if a == b:
        return 0
    return 1 if a in VOWELS and b in VOWELS else 2


class Distance:
    def __init__(self):
        self.memo = {}
        self.hits = 0

    def solve(self, a, b):
        if not a or not b:
            return 2 * (len(a) + len(b))
        key = len(a), len(b)
        if key in self.memo:
            self.hits += 1
            return self.memo[key]
        best = cost(a[0], b[0]) + self.solve(a[1:], b[1:])
        best = min(best, 2 + self.solve(a[1:], b))
        best = min(best, 2 + self.solve(a, b[1:]))
        if len(a) > 1 and len(b) > 1 and a[0] == b[1] and b[0] == a[1]:
            best = min(best, 1 + self.solve(a[2:], b[2:]))
        self.memo[key] = best
        return best


def distance(first, second):
    solver = Distance()
    return [solver.solve(units(first)[:9], units(second)[:9]), solver.hits]
