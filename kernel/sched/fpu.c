/* SPDX-License-Identifier: MIT */
/* Who has the floating-point registers: fpu.h tells the rule. */
#include <arch/riscv/csr.h>
#include <arch/riscv/fpu.h>
#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <sched/thread.h>

void fpu_store_registers(u64 *to);
void fpu_load_registers(const u64 *from);

static u64 fs_of(const struct thread *t)
{
    return thread_trapframe((struct thread *)t)->status & SSTATUS_FS;
}

static void set_fs(struct thread *t, u64 fs)
{
    struct trapframe *tf = thread_trapframe(t);
    tf->status = (tf->status & ~(u64)SSTATUS_FS) | fs;
}

void fpu_save(struct thread *t)
{
    assert(t == current);
    if (fs_of(t) != SSTATUS_FS_DIRTY)
        return;
    csr_set(sstatus, SSTATUS_FS);
    fpu_store_registers(t->fp);
    csr_clear(sstatus, SSTATUS_FS);
    set_fs(t, SSTATUS_FS_CLEAN);
}

void fpu_switch_out(struct thread *t)
{
    if (fs_of(t) == SSTATUS_FS_OFF)
        return;
    fpu_save(t);
    set_fs(t, SSTATUS_FS_OFF);
}

bool fpu_load(struct thread *t)
{
    if (!machine.has_fpu || fs_of(t) != SSTATUS_FS_OFF)
        return false;
    u64 irq = irq_save(); /* no switch between loading and marking */
    fpu_fill(t);
    csr_set(sstatus, SSTATUS_FS);
    fpu_load_registers(t->fp);
    csr_clear(sstatus, SSTATUS_FS);
    set_fs(t, SSTATUS_FS_CLEAN);
    irq_restore(irq);
    return true;
}

void fpu_fill(struct thread *t)
{
    if (t->has_fp)
        return;
    memset(t->fp, 0, sizeof(t->fp));
    t->has_fp = true;
}

void fpu_reload(struct thread *t)
{
    t->has_fp = true;
    set_fs(t, SSTATUS_FS_OFF);
}

void fpu_reset(struct thread *t)
{
    t->has_fp = false;
    set_fs(t, SSTATUS_FS_OFF);
}
