"""System calls: what a candidate may call (`candidate_filter`), and what a program may not (`program_filter`).

Classic BPF as the kernel reads it (seccomp(2), "Seccomp user-space filters"). x86-64 only: a call through another ABI (i386,
x32) kills the process. A forbidden call fails with EPERM, one that has an older form fails with ENOSYS, so that the C
library falls back on the older form.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping, Sequence

ARCH_X86_64 = 0xC000003E
X32_BIT = 0x40000000
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2

# Of linux/arch/x86/entry/syscalls/syscall_64.tbl.
NUMBERS = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "mmap": 9,
    "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16,
    "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20, "access": 21, "pipe": 22, "select": 23, "sched_yield": 24,
    "mremap": 25, "msync": 26, "mincore": 27, "madvise": 28, "shmget": 29, "shmat": 30, "shmctl": 31, "dup": 32,
    "dup2": 33, "pause": 34, "nanosleep": 35, "getitimer": 36, "alarm": 37, "setitimer": 38, "getpid": 39,
    "sendto": 44, "recvfrom": 45, "shutdown": 48, "getsockname": 51, "getpeername": 52, "socketpair": 53,
    "getsockopt": 55, "clone": 56, "exit": 60, "kill": 62, "uname": 63, "semget": 64, "semop": 65, "semctl": 66,
    "shmdt": 67, "msgget": 68, "msgsnd": 69, "msgrcv": 70, "msgctl": 71, "fcntl": 72, "flock": 73, "fsync": 74,
    "fdatasync": 75, "ftruncate": 77, "getdents": 78, "getcwd": 79, "chdir": 80, "fchdir": 81, "rename": 82,
    "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "readlink": 89, "umask": 95,
    "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100, "ptrace": 101, "getuid": 102,
    "syslog": 103, "getgid": 104, "geteuid": 107, "getegid": 108, "getppid": 110, "getpgrp": 111, "getgroups": 115,
    "setsid": 112, "setgroups": 116, "setresuid": 117, "getresuid": 118, "setresgid": 119, "getresgid": 120,
    "getpgid": 121, "getsid": 124, "capset": 126, "rt_sigpending": 127, "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130, "sigaltstack": 131, "personality": 135, "statfs": 137, "fstatfs": 138,
    "sched_getparam": 143, "sched_getscheduler": 145, "sched_get_priority_max": 146, "sched_get_priority_min": 147,
    "pivot_root": 155, "prctl": 157, "arch_prctl": 158, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166,
    "swapon": 167, "swapoff": 168, "reboot": 169, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "quotactl": 179, "gettid": 186, "tkill": 200, "time": 201, "futex": 202, "sched_getaffinity": 204,
    "io_setup": 206, "lookup_dcookie": 212, "epoll_create": 213, "getdents64": 217, "set_tid_address": 218,
    "restart_syscall": 219, "fadvise64": 221, "timer_create": 222, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "epoll_wait": 232, "epoll_ctl": 233, "tgkill": 234, "mq_open": 240,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "openat": 257, "mkdirat": 258,
    "newfstatat": 262, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "readlinkat": 267,
    "faccessat": 269, "pselect6": 270, "ppoll": 271, "unshare": 272, "set_robust_list": 273, "get_robust_list": 274,
    "move_pages": 279, "epoll_pwait": 281, "eventfd": 284, "fallocate": 285, "eventfd2": 290, "epoll_create1": 291,
    "dup3": 292, "pipe2": 293, "preadv": 295, "pwritev": 296, "perf_event_open": 298, "prlimit64": 302,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "getcpu": 309, "process_vm_readv": 310,
    "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "renameat2": 316, "seccomp": 317, "getrandom": 318,
    "memfd_create": 319, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "membarrier": 324,
    "copy_file_range": 326, "preadv2": 327, "pwritev2": 328, "statx": 332, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
    "fspick": 433, "pidfd_open": 434, "clone3": 435, "close_range": 436, "openat2": 437, "pidfd_getfd": 438,
    "faccessat2": 439, "process_madvise": 440, "epoll_pwait2": 441, "mount_setattr": 442, "memfd_secret": 447, "rseq": 334,
    "landlock_restrict_self": 446, "process_mrelease": 448, "futex_waitv": 449,
}  # fmt: skip

# A candidate gets no more than this. Not among it, on purpose: everything that makes a process, runs a program or reaches
# one; sockets but for socketpair; and what Landlock does not see of files that are reached by their path (chmod, chown,
# utime, xattr, truncate).
ALLOWED = """
    read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
    rt_sigreturn pread64 pwrite64 readv writev access pipe select sched_yield mremap msync mincore madvise dup dup2
    pause nanosleep getitimer alarm setitimer getpid recvfrom shutdown getsockname getpeername getsockopt exit uname
    flock fsync fdatasync ftruncate getdents getcwd chdir fchdir rename mkdir rmdir creat link unlink symlink readlink
    umask gettimeofday getrlimit getrusage sysinfo times getuid getgid geteuid getegid getppid getpgrp getgroups
    getresuid getresgid getpgid getsid rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack statfs fstatfs
    sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min arch_prctl gettid time futex
    sched_getaffinity epoll_create getdents64 set_tid_address restart_syscall fadvise64 clock_gettime clock_getres
    clock_nanosleep exit_group epoll_wait epoll_ctl openat mkdirat newfstatat unlinkat renameat linkat symlinkat
    readlinkat faccessat pselect6 ppoll set_robust_list get_robust_list epoll_pwait eventfd fallocate eventfd2
    epoll_create1 dup3 pipe2 preadv pwritev getcpu renameat2 getrandom membarrier copy_file_range preadv2 pwritev2
    statx close_range faccessat2 epoll_pwait2 futex_waitv rseq
""".split()  # noqa: SIM905
# What a program of `Sandbox.run` may not: it starts processes of its own, in namespaces of its own.
DENIED = """
    ptrace syslog personality pivot_root chroot acct mount umount2 swapon swapoff reboot iopl ioperm init_module
    delete_module quotactl io_setup lookup_dcookie kexec_load add_key request_key keyctl unshare move_pages
    perf_event_open name_to_handle_at open_by_handle_at setns process_vm_readv process_vm_writev kcmp finit_module
    memfd_create kexec_file_load bpf userfaultfd io_uring_setup io_uring_enter io_uring_register open_tree move_mount
    fsopen fsconfig fsmount fspick pidfd_getfd process_madvise mount_setattr memfd_secret process_mrelease shmget
    shmat shmctl shmdt semget semop semctl msgget msgsnd msgrcv msgctl mq_open
""".split()  # noqa: SIM905

CLONE_THREAD = 0x00010000 | 0x00000100 | 0x00000800  # a thread: CLONE_THREAD, CLONE_VM, CLONE_SIGHAND
CLONE_NAMESPACES = 0x7E020000 | 0x00000080
FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)  # duplicate, flags, locks; no F_SETOWN, which sends signals
IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
PRCTL = (15, 16)  # a thread's name
AF_UNIX = 1

_LD, _AND, _JEQ, _JGE, _JUMP, _RET = 0x20, 0x54, 0x15, 0x35, 0x05, 0x06
_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand
_Block = tuple[_Instruction, ...]  # what is done with a call: it must return in every case
_ALLOW: _Block = ((_RET, 0, 0, ALLOW),)
_REFUSE: _Block = ((_RET, 0, 0, ERRNO | errno.EPERM),)
_UNKNOWN: _Block = ((_RET, 0, 0, ERRNO | errno.ENOSYS),)


def candidate_filter(pid: int) -> bytes:
    """`pid`: the candidate's own, in its own namespace, the only one to which it may send signals."""
    rules = dict.fromkeys(ALLOWED, _ALLOW) | {
        "ioctl": _where(1, IOCTL),
        "fcntl": _where(1, FCNTL),
        "prctl": _where(0, PRCTL),
        "socketpair": _where(0, (AF_UNIX,)),
        "kill": _where(0, (pid,)),
        "tgkill": _where(0, (pid,)),
        "prlimit64": _where(0, (0, pid)),
        # A datagram to an address of its choice would leave a connected socketpair, too.
        "sendto": (_argument(4), (_JEQ, 0, 3, 0), _argument(4, high=True), (_JEQ, 0, 1, 0), *_ALLOW, *_REFUSE),
        "clone": _flags(CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD),
        "clone3": _UNKNOWN,
        "openat2": _UNKNOWN,
    }
    return _program(rules, _REFUSE)


def for_process(program: bytes, placeholder: int, pid: int) -> bytes:
    """The same filter with another process's number in it: quicker than to build it anew."""
    return program.replace(struct.pack("I", placeholder), struct.pack("I", pid))


def program_filter() -> bytes:
    """For `bwrap --seccomp`: everything but what is denied, and new namespaces."""
    rules = dict.fromkeys(DENIED, _REFUSE) | {
        "clone": _flags(CLONE_NAMESPACES, 0),
        "clone3": _UNKNOWN,  # its flags are out of a filter's sight
    }
    return _program(rules, _ALLOW)


def header(program: bytes, address: int) -> bytes:
    """What prctl(PR_SET_SECCOMP, MODE_FILTER) is given, after PR_SET_NO_NEW_PRIVS: for a program that lies at `address`."""
    return struct.pack("HxxxxxxP", len(program) // 8, address)


def _program(rules: Mapping[str, _Block], otherwise: _Block) -> bytes:
    """A search tree over the numbers: the kernel walks it once for every call there is when a filter is installed."""
    blocks = {NUMBERS[name]: block for name, block in rules.items()}
    starts: list[tuple[int, _Block]] = []  # from this number on
    for number in range(max(NUMBERS.values()) + 2):
        block = blocks.get(number, otherwise)
        if not starts or starts[-1][1] != block:
            starts.append((number, block))
    prologue = [
        (_LD, 0, 0, 4),
        (_JEQ, 1, 0, ARCH_X86_64),
        (_RET, 0, 0, KILL),
        (_LD, 0, 0, 0),
        (_JGE, 0, 1, X32_BIT),
        (_RET, 0, 0, KILL),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in [*prologue, *_tree(starts)])


def _tree(starts: Sequence[tuple[int, _Block]]) -> list[_Instruction]:
    if len(starts) == 1:
        return list(starts[0][1])
    middle = len(starts) // 2
    below, above = _tree(starts[:middle]), _tree(starts[middle:])
    # A conditional jump reaches 255 instructions; the jump over `below` is an unconditional one.
    return [(_JGE, 0, 1, starts[middle][0]), (_JUMP, 0, 0, len(below)), *below, *above]


def _where(position: int, values: Iterable[int]) -> _Block:
    """Allowed where an argument, of 32 bits, is one of these."""
    checks = [item for value in values for item in ((_JEQ, 0, 1, value), *_ALLOW)]
    return (_argument(position), *checks, *_REFUSE)


def _flags(mask: int, wanted: int) -> _Block:
    """Allowed where those flags of the first argument that are in the mask are the wanted ones."""
    return (_argument(0), (_AND, 0, 0, mask), (_JEQ, 0, 1, wanted), *_ALLOW, *_REFUSE)


def _argument(position: int, high: bool = False) -> _Instruction:
    return (_LD, 0, 0, 16 + 8 * position + (4 if high else 0))
