def wordScore(word):
    return sum(ord(c) - ord("a") + 1 for c in word)
