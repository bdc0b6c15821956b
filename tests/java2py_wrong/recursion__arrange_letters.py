import itertools


def arrangements(word):
    data = word.encode("utf-16-be", "surrogatepass")[:8]
    letters = sorted(data[i : i + 2] for i in range(0, len(data), 2))
    # every permutation, where the recursion skips those it has had
    return [b"".join(p).decode("utf-16-be", "surrogatepass") for p in itertools.permutations(letters)]
