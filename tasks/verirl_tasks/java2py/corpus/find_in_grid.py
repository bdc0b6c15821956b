def findInGrid(grid, limit):
    for r, row in enumerate(grid):
        for c, value in enumerate(row):
            if value > limit:
                return [r, c]
    return [-1, -1]
