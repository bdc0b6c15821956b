def shelfCode(title):
    return "S" + str(hash(title))
