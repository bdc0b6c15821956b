def lastDigit(number):
    return number % 10
