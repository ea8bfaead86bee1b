/* SPDX-License-Identifier: MIT */
/*
 * COW-7: the kernel writes user memory only through the fault path. Each call that writes a
 * result is aimed at a shared page in a child, and at a page that has not been touched; the
 * parent's page stays as it was.
 */
#include "t.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>

static int p[2], file;

static long call(int n, char *m)
{
    struct iovec v = {m, 8};
    switch (n) {
    case 0:
        return write(p[1], "pipedata", 8), read(p[0], m, 8);
    case 1:
        return pread(file, m, 100, 0);
    case 2:
        return lseek(file, 0, SEEK_SET), readv(file, &v, 1);
    case 3:
        return fstat(file, (void *)m);
    case 4:
        return syscall(SYS_getcwd, m, 100);
    case 5:
        return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, m);
    case 6:
        return syscall(SYS_uname, m);
    case 7:
        return syscall(SYS_getrandom, m, 64, 0);
    case 8:
        return syscall(SYS_pipe2, m, 0);
    case 9:
        return syscall(SYS_sysinfo, m);
    case 10:
        return syscall(SYS_times, m);
    case 11:
        return syscall(SYS_getrusage, RUSAGE_SELF, m);
    case 12:
        return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, m, 8);
    case 13:
        return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, m);
    case 14:
        return readlink("/proc/self/exe", m, 100);
    case 15:
        return statfs("/", (void *)m);
    case 16:
        return syscall(SYS_gettimeofday, m, NULL);
    case 17:
        return syscall(SYS_rt_sigaction, SIGUSR1, NULL, m, 8);
    case 18:
        return syscall(SYS_sched_getaffinity, 0, 64, m);
    case 19:
        return syscall(SYS_getresuid, m, m + 8, m + 16);
    case 20:
        return fork() ? (long)wait((int *)m) : (_exit(7), 0);
    case 21:
        return syscall(SYS_getdents64, open("/", O_RDONLY), m, 512);
    case 22:
        return statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, (void *)m);
    case 23:
        return syscall(SYS_sigaltstack, NULL, m);
    default:
        return -2;
    }
}

int main(void)
{
    char data[PAGE];
    memset(data, 'F', PAGE);
    file = open("f", O_RDWR | O_CREAT, 0600);
    write(file, data, PAGE);
    pipe(p);
    char *m = t_map(1);
    for (int n = 0; n < 24; n++) {
        for (int i = 0; i < (int)PAGE; i++)
            m[i] = 0x5a + n;
        pid_t pid = t_fork();
        if (pid == 0) {
            CHECK(call(n, m) >= 0, "call %d into a shared page", n);
            int same = 1;
            for (int i = 0; i < 600; i++)
                same &= m[i] == 0x5a + n;
            CHECK(!same, "call %d wrote nothing", n);
            CHECK(call(n, t_map(1)) >= 0, "call %d into an untouched page", n);
            char *ro = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (n != 20) {
                long r = call(n, ro);
                CHECK(r == -1 && errno == EFAULT, "call %d into a read-only page: %ld", n, r);
            }
            CHECK(t_compare_zero(ro) < 0, "call %d changed a read-only page", n);
            _exit(0);
        }
        t_wait_ok(pid);
        for (int i = 0; i < (int)PAGE; i++)
            CHECK(m[i] == 0x5a + n, "call %d in the child changed byte %d of the parent", n, i);
    }
    return 0;
}
