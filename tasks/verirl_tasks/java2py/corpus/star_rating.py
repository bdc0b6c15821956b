def stars(rating):
    if rating < 0:
        raise ValueError("count is negative")
    return "*" * min(rating, 5)
