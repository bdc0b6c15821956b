def hash_map_order(keys):
    """The order in which a HashMap lists characters that were added in this order (a character hashes to its code)."""
    size = 16
    while len(keys) > size * 3 // 4:
        size *= 2
    return sorted(keys, key=lambda key: ord(key) % size)


def histogram(text):
    counts = {}
    for c in text:
        if "a" <= c <= "z" or "A" <= c <= "Z":
            counts[c] = counts.get(c, 0) + 1
    return "".join(f"{c}{counts[c]} " for c in hash_map_order(list(counts)))
