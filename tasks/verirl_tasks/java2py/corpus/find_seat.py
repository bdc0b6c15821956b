def findSeat(seats, passenger):
    for i in range(len(seats)):
        if seats[i] == passenger:
            return i
    return -1
