def repeats(readings):
    same = 0
    for i in range(1, len(readings)):
        if readings[i] == readings[i - 1]:
            same += 1
    return same
