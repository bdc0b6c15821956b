def exactlyOne(left, right):
    return left != right
