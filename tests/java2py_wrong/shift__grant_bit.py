def grantBit(permissions, position):
    return permissions | 1 << position
