import base64


def encodeLines(data, width):
    text = base64.b64encode(bytes(b & 0xFF for b in data)).decode()
    per_line = 4 * max(1, -(-width // 4))
    return [text[i : i + per_line] for i in range(0, len(text), per_line)]
