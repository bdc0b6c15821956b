def signWord(balance):
    if balance < 0:
        return "negative"
    if balance == 0:
        return "zero"
    return "positive"
