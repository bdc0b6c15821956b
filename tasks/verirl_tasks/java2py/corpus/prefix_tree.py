class Node:
    def __init__(self):
        self.children = {}
        self.ends = 0
        self.below = 0


def units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i : i + 2] for i in range(0, len(data), 2)]


def insert(node, word, at):
    node.below += 1
    if at == len(word) or at == 12:
        node.ends += 1
        return
    insert(node.children.setdefault(word[at], Node()), word, at + 1)


def collect(node, path, found):
    if node.ends > 0:
        text = b"".join(path).decode("utf-16-be", "surrogatepass")
        found.append(f"{len(path)} {text}" + (f" x{node.ends}" if node.ends > 1 else ""))
    for unit in sorted(node.children):
        path.append(unit)
        collect(node.children[unit], path, found)
        path.pop()


def complete(words, start):
    root = Node()
    for word in words:
        insert(root, units(word), 0)
    found = []
    first = units(start)[0]
    node = root.children.get(first)
    if node is None:
        collect(root, [], found)
        return found
    collect(node, [first], found)
    found.append(f"{node.below}/{root.below}")
    return found
