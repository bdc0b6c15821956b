def votesFor(votes):
    yes = 0
    for vote in votes:
        if vote:
            yes += 1
    return yes
