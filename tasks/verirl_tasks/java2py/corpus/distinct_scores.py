def distinctScores(scores):
    return sorted(set(scores))
