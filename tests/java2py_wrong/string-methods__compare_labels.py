def compareLabels(a, b):
    return (a > b) - (a < b)
