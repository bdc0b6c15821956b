def parity(number):
    return "even" if number % 2 == 0 else "odd"
