def isVowel(c):
    return c == "a" or c == "e" or c == "i" or c == "o" or c == "u"
