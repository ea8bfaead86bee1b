/* SPDX-License-Identifier: MIT */
/* uname, prctl, getrandom, sysinfo, getcpu, affinity, rusage, priorities: sane answers and
 * errors. */
#include "t.h"
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

static void names(void)
{
    struct utsname u;
    R(uname(&u));
    printf("%s %s release has a dot %d\n", u.sysname, u.machine,
           strchr(u.release, '.') != NULL);
    R(uname((void *)16));
    char name[16] = "";
    R(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
    R(prctl(PR_GET_NAME, name));
    puts(name);
    R(prctl(PR_GET_NAME, 16));
    R(prctl(PR_SET_NAME, 16));
    R(prctl(123456));
    R(prctl(PR_SET_PDEATHSIG, SIGTERM));
    int sig = 0;
    R(prctl(PR_GET_PDEATHSIG, &sig));
    printf("%d\n", sig);
    R(prctl(PR_SET_PDEATHSIG, 100));
    R(prctl(PR_GET_DUMPABLE));
    IN_CHILD("name is inherited", prctl(PR_GET_NAME, name); puts(name));
}

static void randomness(void)
{
    unsigned char a[64] = {0}, b[64] = {0};
    R(getrandom(a, 64, 0));
    R(getrandom(b, 64, GRND_NONBLOCK));
    printf("differ %d\n", memcmp(a, b, 64) != 0);
    R(getrandom(a, 0, 0));
    R(getrandom(a, 8, 0x100));
    R(getrandom((void *)16, 8, 0));
}

static void machine(void)
{
    struct sysinfo si;
    R(sysinfo(&si));
    printf("memory sane %d\n", si.totalram > si.freeram && si.freeram > 0 && si.procs > 0);
    cpu_set_t set;
    CPU_ZERO(&set);
    R(sched_getaffinity(0, sizeof set, &set));
    printf("harts equal %d\n", CPU_COUNT(&set) == get_nprocs());
    unsigned cpu = 999, node = 999;
    R(getcpu(&cpu, &node));
    printf("cpu is one of them %d node %u\n", CPU_ISSET(cpu, &set), node);
    R(syscall(SYS_sched_getaffinity, 0, 1, &set));
    R(sched_getaffinity(999999, sizeof set, &set));
    R(sched_yield());
    R(sched_getscheduler(0));
    R(getpriority(PRIO_PROCESS, 0));
    R(setpriority(PRIO_PROCESS, 0, 5));
    R(getpriority(PRIO_PROCESS, 0));
    R(syscall(SYS_getpriority, PRIO_PROCESS, 999999));
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    R(sched_setaffinity(0, sizeof set, &set));
    R(sched_getaffinity(0, sizeof set, &set));
    printf("pinned to %d\n", CPU_COUNT(&set));
    CPU_ZERO(&set);
    R(sched_setaffinity(0, sizeof set, &set));
}

static void usage(void)
{
    struct rusage a;
    struct tms t;
    for (volatile int i = 0; i < 5000000; i++)
        ;
    R(getrusage(RUSAGE_SELF, &a));
    printf("used some time %d faults %d\n", a.ru_utime.tv_sec + a.ru_utime.tv_usec > 0,
           a.ru_minflt > 0);
    R(getrusage(RUSAGE_CHILDREN, &a));
    R(getrusage(5, &a));
    R(getrusage(RUSAGE_SELF, (void *)16));
    R(times(&t) > 0);
    R(getpid() == gettid());
    R(getuid());
    R(syscall(SYS_personality, 0xffffffff));
}

int main(void)
{
    names();
    randomness();
    machine();
    usage();
}
