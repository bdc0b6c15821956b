def canCheckout(loggedIn, items, blocked):
    return loggedIn and items > 0 and not blocked
