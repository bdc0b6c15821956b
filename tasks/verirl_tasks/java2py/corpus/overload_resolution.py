def tags(letter, count, size, total):
    first = "char:" + letter + "int:" + str(ord(letter) + count)
    second = "int:" + str(count) + "long:" + str(size * 2) + "object:" + str(size)
    # A Long goes to the Object version without unboxing, and an Integer never equals it.
    return first + "|" + second + "|" + "object:" + str(total) + "|false"
