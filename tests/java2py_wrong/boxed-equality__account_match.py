def sameAccount(number, branch, renumbered):
    other = number + 1 if renumbered else number
    if number == other:
        return "same"
    return "odd" if number == branch else "different"
