import heapq


class Job:
    def __init__(self, id, pages, arrival):
        self.id = id
        self.pages = pages
        self.arrival = arrival
        self.urgent = pages % 5 == 0

    def __lt__(self, other):
        return (not self.urgent, self.pages, -self.id) < (not other.urgent, other.pages, -other.id)


def simulate(sizes, gaps):
    jobs = []
    clock = 0
    for i, size in enumerate(sizes):
        clock += gaps[i % len(gaps)] % 7 if gaps else 1
        jobs.append(Job(i, size % 20, clock))
    waiting = []
    log = []
    time = 0
    following = 0
    while following < len(jobs) or waiting:
        if not waiting and jobs[following].arrival > time:
            time = jobs[following].arrival
        while following < len(jobs) and jobs[following].arrival <= time:
            heapq.heappush(waiting, jobs[following])
            following += 1
        job = heapq.heappop(waiting)
        mark = "!" if job.urgent else ""
        log.append(f"#{job.id}{mark} at {time} waited {time - job.arrival}")
        time += job.pages
    log.append(f"done at {time}")
    return log
