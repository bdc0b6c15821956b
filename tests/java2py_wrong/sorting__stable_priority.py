def byPriority(tickets, priorities):
    n = min(len(tickets), len(priorities))
    order = sorted(range(n), key=lambda i: priorities[i])
    # reversing a stable order turns equals around too
    return [tickets[i] for i in reversed(order)]
