def addThree(a):
    return a + 3
