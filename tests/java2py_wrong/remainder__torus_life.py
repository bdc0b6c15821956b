def alive(world, row, column, dr, dc):
    r = (row + dr) % len(world)
    c = (column + dc) % len(world[row])
    return c < len(world[r]) and world[r][c] > 0


def step(world):
    around = [(dr, dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc]
    following = []
    for r, row in enumerate(world):
        counts = [sum(alive(world, r, c, dr, dc) for dr, dc in around) for c in range(len(row))]
        following.append([int(n == 3 or (n == 2 and cell > 0)) for n, cell in zip(counts, row, strict=True)])
    return following


def evolve(world, generations):
    limit = generations % 10 if generations >= 0 else -(-generations % 10)
    current = [*world]
    age = 0
    while True:
        age += 1
        if age > limit:
            break
        following = step(current)
        if following == current:
            break
        current = following
    world[:] = current
    return age
