def seatsOrMark(seats, known):
    return f"seats: {seats if known else ord('?')}"
