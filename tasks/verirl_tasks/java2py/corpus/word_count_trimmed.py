import re

CONTROL_AND_SPACE = "".join(map(chr, range(33)))


def wordCounts(lines):
    counts = []
    for line in lines:
        words = re.split(r"[ \t\n\x0b\f\r]+", line.strip(CONTROL_AND_SPACE))
        counts.append(-len(words) if words[0] == "#" else len(words))
    return counts
