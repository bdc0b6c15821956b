def check(source, lenient):
    pairs = {")": "(", "]": "[", "}": "{"}
    stack = []
    deepest = 0
    for c in source:
        if c in "([{":
            stack.append(c)
        elif c in pairs and not (lenient and not stack) and stack.pop() != pairs[c]:
            raise ValueError("does not match: " + c)
        deepest = max(deepest, len(stack))
    return -len(stack) if stack else deepest
