class PageCache:
    """Pages from the least to the most recently used."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.entries = {}

    def get(self, page):
        if page not in self.entries:
            return None
        value = self.entries.pop(page)
        self.entries[page] = value
        return value

    def put(self, page, value):
        self.entries[page] = value
        if len(self.entries) > self.capacity:
            del self.entries[next(iter(self.entries))]


def cached(requests):
    cache = PageCache(3)
    loads = 0
    for page in requests:
        if cache.get(page) is None:
            cache.put(page, loads)
            loads += 1
    return [*cache.entries, loads]
