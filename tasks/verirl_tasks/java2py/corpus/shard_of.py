def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def shardOf(key, shards):
    if shards <= 0:
        raise ValueError(f"shards: {shards}")
    return irem(java_abs(key), shards)
