def seatsOrMark(seats, known):
    return "seats: " + (str(seats) if known else "?")
