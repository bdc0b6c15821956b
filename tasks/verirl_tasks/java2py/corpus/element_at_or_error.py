def describeElement(values, index, divisor):
    if index < 0 or index >= len(values):
        return "no element " + str(index)
    if divisor == 0:
        return "division by zero"
    value = values[index]
    quotient = abs(value) // abs(divisor)
    if (value < 0) != (divisor < 0):
        quotient = -quotient
    if quotient == 2**31:
        quotient = -(2**31)
    return "quotient " + str(quotient)
