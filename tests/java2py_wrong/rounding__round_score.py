def roundScore(score):
    return round(score)
