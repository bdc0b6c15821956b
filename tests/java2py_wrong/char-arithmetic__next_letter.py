def nextLetter(letter):
    # the last letter of the alphabet is the one that wraps, in either case
    return chr((ord(letter.lower()) - ord("a") + 1) % 26 + ord("a"))
