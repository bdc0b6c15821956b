def shardOf(key, shards):
    if shards <= 0:
        raise ValueError(f"shards: {shards}")
    return abs(key) % shards
