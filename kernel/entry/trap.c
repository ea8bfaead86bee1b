/* SPDX-License-Identifier: MIT */
/*
 * Where every trap but the system call arrives (entry.S): who asked, what for, whose business
 * is it.
 *
 *   interrupt                 timers, other harts, devices; never switches, only marks
 *   page fault, user address  vm_fault(); if the address stays bad: a signal, or from the
 *                             kernel the fix-up of the copying instruction
 *   other user exception      a signal
 *   other kernel exception    a bug: panic
 *
 * The way back to user mode looks at current->flags with interrupts off, so nothing that is
 * asked of a thread waits longer than until its next return.
 */
#include <arch/riscv/asm_offsets.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/fpu.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/uaccess.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <debug/panic.h>
#include <debug/power.h>
#include <dev/plic.h>
#include <entry/trap.h>
#include <linux/errno.h>
#include <linux/syscall.h>
#include <proc/signal.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <sync/spinlock.h>
#include <vm/fault.h>

_Static_assert(offsetof(struct trapframe, sp) == TF_SP, "entry.S");
_Static_assert(offsetof(struct trapframe, tp) == TF_TP, "entry.S");
_Static_assert(offsetof(struct trapframe, a0) == TF_A0, "entry.S");
_Static_assert(offsetof(struct trapframe, status) == TF_STATUS, "entry.S");
_Static_assert(offsetof(struct trapframe, cause) == TF_CAUSE, "entry.S");
_Static_assert(offsetof(struct trapframe, tval) == TF_TVAL, "entry.S");
_Static_assert(offsetof(struct trapframe, orig_a0) == TF_ORIG_A0, "entry.S");
_Static_assert(sizeof(struct trapframe) == TF_SIZE, "entry.S");
_Static_assert(offsetof(struct thread, kernel_sp) == T_KERNEL_SP, "entry.S");
_Static_assert(offsetof(struct thread, scratch) == T_SCRATCH, "entry.S");
_Static_assert(offsetof(struct thread, flags) == T_FLAGS, "entry.S");
_Static_assert(offsetof(struct thread, hart) == T_HART, "entry.S");
_Static_assert(offsetof(struct thread, hart) == THREAD_HART_OFFSET, "mycpu()");
_Static_assert(offsetof(struct thread, entered) == T_ENTERED, "entry.S");
_Static_assert(offsetof(struct thread, system_ticks) == T_SYSTEM_TICKS, "entry.S");
_Static_assert(offsetof(struct thread, kstack) == T_KSTACK, "entry.S");
_Static_assert(offsetof(struct hart, emergency_stack) == HART_EMERGENCY_STACK, "entry.S");
_Static_assert(SYSCALL_TABLE_SIZE == SYSCALL_TABLE_SIZE_ASM, "entry.S");

/* ---- interrupts --------------------------------------------------------------------- */

static void handle_ipi(void)
{
    u64 reasons = ipi_take();
    if (reasons & IPI_STOP)
        machine_halt();
    if (reasons & IPI_CALL)
        hart_call_handle();
    if (reasons & IPI_WAKE)
        sched_tick();
}

static void handle_interrupt(u64 number)
{
    struct hart *h = mycpu();
    h->in_interrupt = true;
    if (number == IRQ_TIMER)
        timer_interrupt();
    else if (number == IRQ_SOFT)
        handle_ipi();
    else if (number == IRQ_EXTERNAL)
        plic_handle();
    else
        panic("interrupt %lu is not ours", number);
    h->in_interrupt = false;
}

/* ---- faults ------------------------------------------------------------------------- */

static bool is_page_fault(u64 cause)
{
    return cause == EXC_LOAD_PAGE || cause == EXC_STORE_PAGE || cause == EXC_FETCH_PAGE;
}

static enum vm_access access_of(u64 cause)
{
    return cause == EXC_STORE_PAGE  ? VM_ACCESS_WRITE
           : cause == EXC_LOAD_PAGE ? VM_ACCESS_READ
                                    : VM_ACCESS_EXEC;
}

static void user_page_fault(struct trapframe *tf)
{
    struct fault_info info;
    int err = vm_fault(current->aspace, tf->tval, access_of(tf->cause), &info);
    if (likely(err == 0))
        return;
    if (info.signo)
        proc_fault_signal(tf, info.signo, info.code, info.addr);
    else
        proc_fault_oom(tf, err);
}

/* Exceptions that are the program's own fault; by cause. */
static const struct user_exception {
    int signo, code;
    bool address_is_pc; /* otherwise stval */
} user_exceptions[] = {
    [EXC_FETCH_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [EXC_FETCH_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
    [EXC_ILLEGAL] = {SIGILL, ILL_ILLOPC, true},
    [EXC_BREAKPOINT] = {SIGTRAP, TRAP_BRKPT, true},
    [EXC_LOAD_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [EXC_LOAD_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
    [EXC_STORE_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [EXC_STORE_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
};

static void user_exception(struct trapframe *tf)
{
    if (tf->cause == EXC_ILLEGAL && fpu_load(current))
        return;
    if (tf->cause >= ARRAY_SIZE(user_exceptions))
        panic_trap(tf, "exception %lu from user mode", tf->cause);
    const struct user_exception *e = &user_exceptions[tf->cause];
    proc_fault_signal(tf, e->signo, e->code, e->address_is_pc ? tf->epc : tf->tval);
}

void trap_user(struct trapframe *tf)
{
    if (tf->cause & SCAUSE_INTERRUPT) {
        handle_interrupt(tf->cause & ~SCAUSE_INTERRUPT);
        return;
    }
    irq_enable();
    if (likely(is_page_fault(tf->cause)))
        user_page_fault(tf);
    else
        user_exception(tf);
}

/* ---- traps from the kernel ---------------------------------------------------------- */

/* A fault of a copying instruction on a user address. Returns: false if it was no such thing.
 */
static bool uaccess_fault(struct trapframe *tf)
{
    struct fault_info info;
    u64 fixup = ex_table_find(tf->epc);
    if (!fixup || tf->tval >= USER_END)
        return false;
    if (is_page_fault(tf->cause) && current->aspace) {
        assert_may_sleep();
        irq_enable();
        int result = vm_fault(current->aspace, tf->tval, access_of(tf->cause), &info);
        bool is_tried_again = unlikely(result == -ENOMEM) && oom_relieve();
        irq_disable();
        if (result == 0 || is_tried_again)
            return true;
    }
    tf->epc = fixup;
    return true;
}

static const char *exception_name(u64 cause)
{
    static const char *const names[] = {
        [EXC_FETCH_MISALIGNED] = "misaligned jump",  [EXC_FETCH_ACCESS] = "fetch access fault",
        [EXC_ILLEGAL] = "illegal instruction",       [EXC_BREAKPOINT] = "breakpoint",
        [EXC_LOAD_MISALIGNED] = "misaligned load",   [EXC_LOAD_ACCESS] = "load access fault",
        [EXC_STORE_MISALIGNED] = "misaligned store", [EXC_STORE_ACCESS] = "store access fault",
        [EXC_FETCH_PAGE] = "fetch page fault",       [EXC_LOAD_PAGE] = "load page fault",
        [EXC_STORE_PAGE] = "store page fault",
    };
    const char *name = cause < ARRAY_SIZE(names) ? names[cause] : NULL;
    return name ? name : "exception";
}

void trap_kernel(struct trapframe *tf)
{
    if (tf->cause & SCAUSE_INTERRUPT)
        handle_interrupt(tf->cause & ~SCAUSE_INTERRUPT);
    else if (!uaccess_fault(tf))
        panic_trap(tf, "%s in the kernel at %lx, value %lx", exception_name(tf->cause), tf->epc,
                   tf->tval);
}

void trap_stack_overflow(struct trapframe *tf)
{
    panic_trap(tf, "the kernel stack of thread %u \"%.16s\" is full: sp %lx, stack %p",
               current->tid, current->name, tf->sp, current->kstack);
}

/* ---- back to user mode -------------------------------------------------------------- */

void trap_user_work(struct trapframe *tf)
{
    u32 flags;
    for (;;) {
        irq_disable();
        flags = __atomic_load_n(&current->flags, __ATOMIC_RELAXED);
        if (!(flags & (TF_RESCHED | TF_SIGNAL)))
            break;
        irq_enable();
        if (flags & TF_RESCHED)
            schedule();
        if (flags & TF_SIGNAL)
            proc_return_to_user(tf);
    }
    if (flags & TF_FRAME)
        __atomic_fetch_and(&current->flags, ~TF_FRAME, __ATOMIC_RELAXED);
}
