/* SPDX-License-Identifier: MIT */
/*
 * The end: stop the other harts, tell who, what, values, callers, locks and the last log lines,
 * then leave the machine as `panic=` says.
 *
 * The first hart that panics reports; others halt. A panic inside the report only says so.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/time.h>
#include <debug/console.h>
#include <debug/ksyms.h>
#include <debug/log.h>
#include <debug/panic.h>
#include <debug/power.h>
#include <lib/printf.h>
#include <sched/thread.h>
#include <sync/spinlock.h>

#define SHOWN_LOG_LINES 12

u32 panic_hart;
static int panic_timeout;
static bool panic_timeout_given;

void panic_set_timeout(int seconds)
{
    panic_timeout = seconds;
    panic_timeout_given = true;
}

static void print(const char *fmt, ...) printf_like(1, 2);

static void print(const char *fmt, ...)
{
    char line[400];
    va_list args;
    va_start(args, fmt);
    int n = kvsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    console_write(line, min((size_t)max(n, 0), sizeof(line) - 1));
}

static void show_who(void)
{
    print("hart %u (firmware's %lu), thread %u \"%.16s\", %s\n", mycpu()->id, mycpu()->hartid,
          current->tid, current->name,
          mycpu()->in_interrupt ? "in an interrupt"
          : current->proc       ? "process"
                                : "kernel thread");
}

static void show_registers(const struct trapframe *tf)
{
    static const char names[][5] = {"epc", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                    "s0",  "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                    "a6",  "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                    "s8",  "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    print("cause %lx, value %lx, status %lx\n", tf->cause, tf->tval, tf->status);
    for (int i = 0; i < 32; i++)
        print("%5s %016lx%s", names[i], tf->regs[i], i % 4 == 3 ? "\n" : "");
}

static void show_locks(void)
{
#ifdef DEBUG
    struct hart *h = mycpu();
    u64 offset = 0;
    for (u32 i = h->n_held; i-- > 0 && i < ARRAY_SIZE(h->held);) {
        const char *name = ksym_name((u64)h->held[i]->taken_at, &offset);
        print("holds %s (%p), taken in %s+0x%lx\n", h->held[i]->name, (void *)h->held[i],
              name ? name : "?", offset);
    }
#endif
}

static void noreturn_fn leave(void)
{
    if (!panic_timeout_given)
        machine_power_off(1);
    if (panic_timeout == 0) {
        print("halted: attach a debugger, or press Ctrl-A x\n");
        machine_halt();
    }
    if (panic_timeout > 0) {
        print("reboot in %d seconds\n", panic_timeout);
        time_delay(panic_timeout * NSEC_PER_SEC);
    }
    machine_reboot();
}

/* Returns on the first hart that comes here, once. */
static void claim(void)
{
    u32 nobody = 0, me = mycpu()->id + 1;
    irq_disable();
    if (__atomic_compare_exchange_n(&panic_hart, &nobody, me, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        return;
    if (nobody != me)
        machine_halt();
    console_break_lock();
    print("\npanic while reporting a panic\n");
    machine_power_off(1);
}

static void report(const struct trapframe *tf, u64 pc, u64 frame, const char *fmt, va_list args)
{
    char message[300];
    claim();
    machine_stop_others();
    console_break_lock();
    kvsnprintf(message, sizeof(message), fmt, args);
    print("\npanic: %s\n", message);
    show_who();
    if (tf)
        show_registers(tf);
    print("called from:\n");
    backtrace_print(pc, frame, print);
    show_locks();
    print("last log lines:\n");
    log_show_tail(SHOWN_LOG_LINES);
    print("end of panic\n");
    leave();
}

/* What backtrace_print() wants: the frame of panic()'s caller, or any place in the stack below
 * it. */
#ifdef DEBUG
#define FRAME_OF(tf) ((tf)->s0)
#define CALLER_FRAME (((const u64 *)__builtin_frame_address(0))[-2])
#else
#define FRAME_OF(tf) ((tf)->sp)
#define CALLER_FRAME ((u64)__builtin_frame_address(0))
#endif

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(NULL, (u64)__builtin_return_address(0) - 1, CALLER_FRAME, fmt, args);
    __builtin_unreachable();
}

void panic_trap(const struct trapframe *tf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(tf, tf->epc, FRAME_OF(tf), fmt, args);
    __builtin_unreachable();
}
