/* SPDX-License-Identifier: MIT */
/* EFAULT: a bad pointer in each call that takes one; and that nothing is lost by it. */
#include "t.h"
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#define BAD ((void *)0x1000)

int main(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644), p[2];
    pipe(p);
    R(write(fd, "0123456789", 10));
    R(write(fd, BAD, 10));
    R(lseek(fd, 0, SEEK_SET));
    R(read(fd, BAD, 10));
    R(lseek(fd, 0, SEEK_CUR));
    R(pread(fd, BAD, 1, 0));
    R(pwrite(fd, BAD, 1, 0));
    R(write(p[1], BAD, 10));
    R(write(p[1], "abc", 3));
    R(read(p[0], BAD, 3));
    char b[8] = "";
    R(read(p[0], b, 3));
    puts(b);
    /* Half of the buffer exists. */
    char *m = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(m + PAGE, PAGE);
    memset(m, 'm', PAGE);
    R(pread(fd, m + PAGE - 4, 4, 0));
    R(pwrite(fd, m + PAGE - 4, 4, 20));
    R(open(m + PAGE - 4, O_RDONLY));
    strcpy(m + PAGE - 2, "f");
    R(close(open(m + PAGE - 2, O_RDONLY)));
    R(open(BAD, O_RDONLY));
    R(openat(AT_FDCWD, (void *)-4096l, O_RDONLY));
    R(mkdir(BAD, 0755));
    R(unlink(BAD));
    R(rename("f", BAD));
    R(link("f", BAD));
    R(symlink(BAD, "x"));
    R(symlink("x", BAD));
    R(readlink("/proc/self/exe", BAD, 10));
    R(chdir(BAD));
    R(chmod(BAD, 0));
    R(truncate(BAD, 0));
    R(fstat(fd, BAD));
    R(statfs(".", BAD));
    R(syscall(SYS_getcwd, BAD, 100));
    R(pipe(BAD));
    R(poll(BAD, 1, 0));
    R(syscall(SYS_pselect6, 5, BAD, 0, 0, 0, 0));
    R(syscall(SYS_uname, BAD));
    R(syscall(SYS_sysinfo, BAD));
    R(syscall(SYS_times, BAD));
    R(syscall(SYS_getrusage, 0, BAD));
    R(syscall(SYS_prlimit64, 0, 0, 0, BAD));
    R(syscall(SYS_prlimit64, 0, 0, BAD, 0));
    R(syscall(SYS_clock_gettime, 0, BAD));
    R(syscall(SYS_gettimeofday, BAD, 0));
    R(syscall(SYS_nanosleep, BAD, 0));
    R(syscall(SYS_getitimer, 0, BAD));
    R(syscall(SYS_setitimer, 0, BAD, 0));
    R(syscall(SYS_rt_sigaction, 10, BAD, 0, 8));
    R(syscall(SYS_rt_sigprocmask, 0, BAD, 0, 8));
    R(syscall(SYS_rt_sigpending, BAD, 8));
    R(syscall(SYS_rt_sigsuspend, BAD, 8));
    R(syscall(SYS_rt_sigtimedwait, BAD, 0, 0, 8));
    R(syscall(SYS_sigaltstack, BAD, 0));
    R(syscall(SYS_wait4, -1, BAD, 0, 0));
    R(syscall(SYS_getgroups, 0, BAD));
    R(syscall(SYS_setgroups, 1, BAD));
    R(syscall(SYS_getresuid, BAD, BAD, BAD));
    R(syscall(SYS_sched_getaffinity, 0, 128, BAD));
    R(syscall(SYS_getcpu, BAD, 0, 0));
    R(syscall(SYS_execve, BAD, 0, 0));
    R(syscall(SYS_utimensat, AT_FDCWD, "f", BAD, 0));
    R(syscall(SYS_mincore, m, PAGE, BAD));
    R(lseek(fd, 0, SEEK_END));
    return 0;
}
