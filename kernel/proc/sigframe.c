/* SPDX-License-Identifier: MIT */
/*
 * The signal frame on the user's stack: exactly Linux/riscv64's struct rt_sigframe.
 *
 *   sp →  siginfo_t                      128 bytes
 *         struct ucontext                flags, link, altstack, mask, registers, FP registers
 *
 * The handler is entered with a0 = signal, a1 = siginfo, a2 = ucontext, and returns to
 * __vdso_rt_sigreturn(), whose system call puts the registers back.
 */
#include <proc/internal.h>

#include <arch/riscv/fpu.h>
#include <arch/riscv/page.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <vm/uaccess.h>

struct rt_sigframe {
    siginfo_t info;
    struct ucontext uc;
};

static_assert(sizeof(siginfo_t) == 128, "siginfo_t");
static_assert(sizeof(struct siginfo_part) == 48, "the used part of siginfo_t");
static_assert(offsetof(struct ucontext, uc_sigmask) == 40, "mask");
static_assert(offsetof(struct ucontext, uc_mcontext) == 176, "registers");
static_assert(sizeof(struct sigcontext) == 256 + 528, "general and FP registers");

static_assert(sizeof(struct rt_sigframe) == SIGFRAME_SIZE, "AT_MINSIGSTKSZ");

static bool is_on_altstack(const struct uthread *u, vaddr_t sp)
{
    return sp > u->altstack_base && sp - u->altstack_base <= u->altstack_size;
}

static vaddr_t frame_place(const struct trapframe *tf, const struct sigaction_k *action)
{
    const struct uthread *u = current->user;
    vaddr_t sp = tf->sp;

    if (is_on_altstack(u, sp)) {
        if (sp - sizeof(struct rt_sigframe) <= u->altstack_base)
            return 0; /* it would run over its end */
    } else if ((action->flags & SA_ONSTACK) && u->altstack_size) {
        sp = u->altstack_base + u->altstack_size;
    }
    return align_down(sp - sizeof(struct rt_sigframe), 16UL);
}

void altstack_describe(const struct uthread *u, vaddr_t sp, stack_t *out)
{
    memset(out, 0, sizeof(*out));
    out->ss_sp = (void *)u->altstack_base;
    out->ss_size = u->altstack_size;
    if (!u->altstack_size)
        out->ss_flags = SS_DISABLE;
    else
        out->ss_flags =
            (int)(is_on_altstack(u, sp) ? SS_ONSTACK | u->altstack_flags : u->altstack_flags);
}

/* The head of the ucontext and the registers; FP registers follow them in memory. */
static void frame_fill(struct ucontext *uc, const struct trapframe *tf, sigset64_t restore)
{
    memset(uc, 0, sizeof(*uc));
    altstack_describe(current->user, tf->sp, &uc->uc_stack);
    memcpy(&uc->uc_sigmask, &restore, sizeof(restore));
    memcpy(&uc->uc_mcontext.sc_regs, tf->regs, sizeof(uc->uc_mcontext.sc_regs));
    fpu_save(current);
    fpu_fill(current);
    memcpy(&uc->uc_mcontext.sc_fpregs, current->fp, 32 * 8);
    uc->uc_mcontext.sc_fpregs.d.fcsr = (u32)current->fp[32];
}

int sigframe_push(struct trapframe *tf, const struct sigaction_k *action,
                  const struct siginfo_part *info, sigset64_t restore)
{
    vaddr_t at = frame_place(tf, action);
    struct ucontext uc;

    if (!at)
        return -EFAULT;
    frame_fill(&uc, tf, restore);
    if (copyout(at, info, sizeof(*info)) ||
        clearout(at + sizeof(*info), sizeof(siginfo_t) - sizeof(*info)) ||
        copyout(at + sizeof(siginfo_t), &uc, sizeof(uc)))
        return -EFAULT;
    tf->epc = action->handler;
    tf->sp = at;
    tf->ra = vdso_sigreturn(current->aspace);
    tf->a0 = (u64)info->signo;
    tf->a1 = at;
    tf->a2 = at + offsetof(struct rt_sigframe, uc);
    if (current->user->altstack_flags & SS_AUTODISARM)
        current->user->altstack_base = current->user->altstack_size = 0;
    return 0;
}

static void altstack_restore(const stack_t *ss, vaddr_t sp)
{
    struct uthread *u = current->user;

    if (is_on_altstack(u, sp))
        return;
    u->altstack_flags = (u32)ss->ss_flags & SS_AUTODISARM;
    u->altstack_base = (vaddr_t)ss->ss_sp;
    u->altstack_size = ss->ss_flags & SS_DISABLE ? 0 : ss->ss_size;
}

long sigframe_pop(struct trapframe *tf)
{
    vaddr_t at = tf->sp;
    struct ucontext uc;
    sigset64_t mask;

    if (copyin(&uc, at + offsetof(struct rt_sigframe, uc), sizeof(uc))) {
        signal_force(SIGSEGV, SEGV_MAPERR, at);
        return (long)tf->a0;
    }
    memcpy(tf->regs, &uc.uc_mcontext.sc_regs, sizeof(uc.uc_mcontext.sc_regs));
    memcpy(current->fp, &uc.uc_mcontext.sc_fpregs, 32 * 8);
    current->fp[32] = uc.uc_mcontext.sc_fpregs.d.fcsr;
    fpu_reload(current);
    thread_frame_replaced(current);
    memcpy(&mask, &uc.uc_sigmask, sizeof(mask));
    signal_set_blocked(mask);
    altstack_restore(&uc.uc_stack, tf->sp);
    current->user->restart.fn = NULL;
    tf->cause = ~0UL; /* a0 is the interrupted code's, not a result */
    return (long)tf->a0;
}
