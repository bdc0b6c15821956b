def countFlags(flags):
    return (flags & 0xFFFFFFFF).bit_count()
