class Counter:
    def __init__(self):
        self.value = 0

    def increment(self):
        self.value += 1

    def get(self):
        return self.value


def countVisits(opened):
    counter = Counter()
    for is_open in opened:
        if is_open:
            counter.increment()
    return counter.get()
