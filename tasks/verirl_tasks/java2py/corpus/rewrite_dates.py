import re


def rewriteDates(text):
    dotted = re.sub(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", r"\3.\2.\1", text)
    if re.fullmatch(r"[a-zA-Z0-9_. ]*", dotted):
        return dotted.lstrip(" ")
    short = re.sub(r"(^|[^0-9])0([0-9])", r"\1\2", dotted)
    # $ also stands before a line terminator at the very end; Java knows more of them than a newline.
    return re.sub(r"\.(?=(\r\n|[\n\r\x85\u2028\u2029])?\Z)", "", short)
