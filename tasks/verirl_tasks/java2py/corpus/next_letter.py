def nextLetter(letter):
    return "a" if letter == "z" else chr((ord(letter) + 1) % 65536)
