def mixDown(left, right, gain):
    out = []
    for a, b in zip(left, right, strict=False):
        scaled = int((a + b) * gain)
        out.append(max(-32768, min(32767, scaled)))
    return out
