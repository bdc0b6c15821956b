def histogram(text):
    counts = {}
    for c in text:
        if "a" <= c <= "z" or "A" <= c <= "Z":
            counts[c] = counts.get(c, 0) + 1
    return "".join(f"{c}{counts[c]} " for c in sorted(counts))
