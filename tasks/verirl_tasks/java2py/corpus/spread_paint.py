def spread(wall, row, column, color, reach):
    if reach == 0 or row < 0 or row >= len(wall):
        return 0
    if column < 0 or column >= len(wall[row]) or wall[row][column] == color:
        return 0
    wall[row][column] = color
    painted = 1
    painted += spread(wall, row, column + 1, color, reach - 1)
    painted += spread(wall, row + 1, column, color, reach - 1)
    painted += spread(wall, row, column - 1, color, reach - 1)
    painted += spread(wall, row - 1, column, color, reach - 1)
    return painted


def paint(wall, row, column, color):
    return spread(wall, row % 4, column % 4, color, 6)
