def shelve(titles):
    def order(title):
        units = title.encode("utf-16-be", "surrogatepass")
        return len(units), units

    titles.sort(key=order)
