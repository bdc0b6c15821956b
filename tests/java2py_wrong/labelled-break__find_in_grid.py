def findInGrid(grid, limit):
    found = [-1, -1]
    for r in range(len(grid)):
        for c in range(len(grid[r])):
            if grid[r][c] > limit:
                found[0] = r
                found[1] = c
                break
    return found
