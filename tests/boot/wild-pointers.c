/* SPDX-License-Identifier: MIT */
/*
 * Wild pointers in every argument of every system call: unmapped, in the middle of a page,
 * across a hole, read-only, text, the kernel's half, non-canonical, the ends of the address
 * space, lengths that wrap. The kernel answers with an error or does something harmless to
 * this process; memory beside the hole stays as it was. Calls that would end or block the
 * program are left out or run in a child with an alarm. Seeded.
 */
#include "t.h"
#include <sys/time.h>
#include <sys/utsname.h>

enum { CALLS_MAX = 450, ROUNDS = 2, PER_CHILD = 3 };

static char *hole; /* page 0 mapped, page 1 not, page 2 mapped, page 3 read-only */

static const int left_out[] = {SYS_exit,
                               SYS_exit_group,
                               SYS_clone,
                               SYS_clone3,
                               SYS_reboot,
                               SYS_rt_sigreturn,
                               SYS_kill,
                               SYS_tkill,
                               SYS_tgkill,
                               SYS_rt_sigqueueinfo,
                               SYS_rt_tgsigqueueinfo,
                               SYS_vhangup,
                               SYS_sync,
                               SYS_swapon,
                               SYS_swapoff,
                               SYS_umount2,
                               SYS_mount,
                               SYS_pivot_root,
                               SYS_chroot,
                               SYS_munmap,
                               SYS_mprotect,
                               SYS_mremap,
                               SYS_mmap,
                               SYS_brk,
                               SYS_madvise,
                               SYS_shmat,
                               SYS_shmdt,
                               SYS_settimeofday,
                               SYS_clock_settime,
                               SYS_adjtimex,
                               SYS_clock_adjtime,
                               SYS_sethostname,
                               SYS_setdomainname,
                               SYS_syslog,
                               SYS_acct,
                               SYS_unshare,
                               SYS_setns,
                               SYS_kexec_load,
                               SYS_init_module,
                               SYS_finit_module,
                               SYS_delete_module,
                               SYS_ptrace,
                               SYS_setpriority,
                               SYS_ioprio_set,
                               SYS_pidfd_send_signal,
                               SYS_process_vm_writev,
                               SYS_process_vm_readv,
                               SYS_remap_file_pages,
                               SYS_mlockall,
                               SYS_mlock,
                               SYS_mlock2,
                               SYS_execve,
                               SYS_execveat,
                               SYS_prlimit64,
                               SYS_move_pages,
                               SYS_migrate_pages};

static int skipped(int nr)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (left_out[i] == nr)
            return 1;
    return 0;
}

static unsigned long wild(uint64_t *state)
{
    unsigned long off = t_mix(state) % PAGE;
    switch (t_mix(state) % 20) {
    case 0:
        return 0;
    case 1:
        return 1 + off;
    case 2:
        return (unsigned long)hole + PAGE - 1 - off % 16; /* runs into the hole */
    case 3:
        return (unsigned long)hole + PAGE + off; /* in it */
    case 4:
        return (unsigned long)hole + 3 * PAGE + off; /* read-only */
    case 5:
        return (unsigned long)skipped + off % 64; /* text */
    case 6:
        return 0xffffffd600000000ul + off; /* direct map, as on Linux */
    case 7:
        return 0xffffffc000000000ul + t_mix(state) % (64ul << 20); /* ours */
    case 8:
        return 0xffffffff80000000ul + t_mix(state) % (1ul << 20); /* the kernel itself */
    case 9:
        return 0x4000000000ul - off % 64; /* end of Sv39's lower half */
    case 10:
        return 0x8000000000000000ul + off;
    case 11:
        return -1ul - off % 64;
    case 12:
        return 0x80200000ul + off; /* where kernels are loaded */
    case 13:
        return 0x10000000ul; /* a device */
    case 14:
        return (unsigned long)hole + off % (PAGE - 64);
    case 15:
        return (unsigned long)hole + 2 * PAGE + off;
    case 16:
        return 1ul << (t_mix(state) % 64);
    case 17:
        return t_mix(state) % 16;
    case 18:
        return -(t_mix(state) % 4096);
    default:
        return t_mix(state);
    }
}

static void attack(int nr, uint64_t state)
{
    unsigned long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = wild(&state);
    if (t_mix(&state) % 2) /* often a descriptor that exists, or the current directory */
        a[0] = t_mix(&state) % 3 ? t_mix(&state) % 8 : (unsigned long)AT_FDCWD;
    syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void child(int first, uint64_t seed)
{
    int p[2], q[2];
    struct itimerval soon = {{0, 10000}, {0, 20000}};
    signal(SIGALRM, SIG_DFL);
    open("f", O_RDWR | O_CREAT, 0600);
    pipe2(p, O_NONBLOCK);
    pipe2(q, O_NONBLOCK);
    write(p[1], "some data for the reader", 24);
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int nr = first; nr < first + PER_CHILD; nr++)
        for (int r = 0; r < ROUNDS * 4; r++)
            if (!skipped(nr))
                attack(nr, seed + nr * 1000 + r);
    _exit(0);
}

/* Nothing of the kernel's half can be read or written by way of a call. */
static void kernel_half(unsigned long at)
{
    int p[2];
    pipe(p);
    write(p[1], "12345678", 8);
    CHECK(read(p[0], (void *)at, 8) == -1 && errno == EFAULT, "read() to %#lx", at);
    CHECK(write(p[1], (void *)at, 8) == -1 && errno == EFAULT, "write() from %#lx", at);
    CHECK(syscall(SYS_uname, at) == -1 && errno == EFAULT, "uname() to %#lx", at);
    CHECK(open((void *)at, O_RDONLY) == -1 && errno == EFAULT, "open() of %#lx", at);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    uint64_t seed = t_seed();
    for (unsigned long i = 0; i < 64; i++) {
        kernel_half(0xffffffc000000000ul + i * (3 << 20));
        kernel_half(0xffffffff80000000ul + i * 0x8000);
    }
    hole = t_map(4);
    memset(hole, 0x11, 4 * PAGE);
    munmap(hole + PAGE, PAGE);
    mprotect(hole + 3 * PAGE, PAGE, PROT_READ);
    int null = open("/dev/null", O_RDWR);
    for (int nr = 0; nr < CALLS_MAX; nr += PER_CHILD) {
        pid_t pid = t_fork();
        if (pid == 0) {
            dup2(null, 0), dup2(null, 1), dup2(null, 2);
            setsid();
            child(nr, seed);
        }
        t_wait(pid);
    }
    for (int i = 0; i < (int)PAGE; i++)
        CHECK(hole[i] == 0x11 && hole[2 * PAGE + i] == 0x11 && hole[3 * PAGE + i] == 0x11,
              "byte %d of the parent changed", i);
    return 0;
}
