def byPriority(tickets, priorities):
    n = min(len(tickets), len(priorities))
    order = sorted(range(n), key=lambda i: -priorities[i])
    return [tickets[i] for i in order]
