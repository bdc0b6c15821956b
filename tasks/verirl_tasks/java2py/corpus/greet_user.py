def greet(name, formal):
    if name == "":
        return "Hello, stranger!"
    if formal:
        return "Good day, " + name + "."
    return "Hi " + name + "!"
