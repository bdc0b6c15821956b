def litCells(board):
    lit = 0
    for row in board:
        for cell in row:
            if cell:
                lit += 1
    return lit
