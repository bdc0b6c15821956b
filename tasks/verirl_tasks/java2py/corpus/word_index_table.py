def hash_code(word):
    data = word.encode("utf-16-be", "surrogatepass")
    code = 0
    for i in range(0, len(data), 2):
        code = (31 * code + (data[i] << 8 | data[i + 1])) & 0xFFFFFFFF
    return code


class Table:
    """Each bucket is a list of [word, count], newest first."""

    def __init__(self):
        self.buckets = [[], []]
        self.size = 0

    def bucket(self, word):
        return self.buckets[(hash_code(word) & 0x7FFFFFFF) % len(self.buckets)]

    def add(self, word):
        for entry in self.bucket(word):
            if entry[0] == word:
                entry[1] += 1
                return
        if self.size == len(self.buckets):
            self.grow()
        self.bucket(word).insert(0, [word, 1])
        self.size += 1

    def grow(self):
        old = self.buckets
        self.buckets = [[] for _ in range(len(old) * 2)]
        for chain in old:
            for entry in chain:
                self.bucket(entry[0]).insert(0, entry)


def probe(words):
    table = Table()
    for word in words:
        table.add(word)
    return [f"{i}:{word}*{count}" for i, chain in enumerate(table.buckets) for word, count in chain]
