def sequence(seed, bound):
    state = seed
    out = []
    for _ in range(8):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        value = state >> 33
        out.append(value % bound if bound > 0 else value)
    return out
