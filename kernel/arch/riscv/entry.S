/* SPDX-License-Identifier: MIT */
/*
 * Trap entry and exit (privileged spec 4.1; supervisor mode only).
 *
 *   mode      tp            sscratch
 *   user      the user's    current thread
 *   kernel    current       0
 *
 * So exchanging the two at the entry tells where the trap came from. Interrupts are off until C, or the system
 * call path, turns them on.
 *
 *   from user    frame at current->kernel_sp, the top of the thread's stack
 *   from kernel  frame below sp; if sp is too low for that, on the hart's emergency stack, to report it
 *
 * System calls do not pass through C: save, look up, call, restore. The frame is complete all the same.
 */
#include <arch/riscv/asm_offsets.h>
#include <arch/riscv/csr.h>

#define STACK_RESERVE 512 /* a trap in the kernel needs at least this much of the stack */

/* All but sp, tp (and what the CSRs hold). */
.macro save_registers
    sd ra, 1*8(sp)
    sd gp, 3*8(sp)
    sd t0, 5*8(sp)
    sd t1, 6*8(sp)
    sd t2, 7*8(sp)
    sd s0, 8*8(sp)
    sd s1, 9*8(sp)
    sd a0, 10*8(sp)
    sd a1, 11*8(sp)
    sd a2, 12*8(sp)
    sd a3, 13*8(sp)
    sd a4, 14*8(sp)
    sd a5, 15*8(sp)
    sd a6, 16*8(sp)
    sd a7, 17*8(sp)
    sd s2, 18*8(sp)
    sd s3, 19*8(sp)
    sd s4, 20*8(sp)
    sd s5, 21*8(sp)
    sd s6, 22*8(sp)
    sd s7, 23*8(sp)
    sd s8, 24*8(sp)
    sd s9, 25*8(sp)
    sd s10, 26*8(sp)
    sd s11, 27*8(sp)
    sd t3, 28*8(sp)
    sd t4, 29*8(sp)
    sd t5, 30*8(sp)
    sd t6, 31*8(sp)
.endm

/* What C does not keep, and gp: the kernel does not use it, but another thread may have run. */
.macro restore_caller_saved
    ld ra, 1*8(sp)
    ld gp, 3*8(sp)
    ld t0, 5*8(sp)
    ld t1, 6*8(sp)
    ld t2, 7*8(sp)
    ld a0, 10*8(sp)
    ld a1, 11*8(sp)
    ld a2, 12*8(sp)
    ld a3, 13*8(sp)
    ld a4, 14*8(sp)
    ld a5, 15*8(sp)
    ld a6, 16*8(sp)
    ld a7, 17*8(sp)
    ld t3, 28*8(sp)
    ld t4, 29*8(sp)
    ld t5, 30*8(sp)
    ld t6, 31*8(sp)
.endm

.macro restore_callee_saved
    ld s1, 9*8(sp)
    ld s2, 18*8(sp)
    ld s3, 19*8(sp)
    ld s4, 20*8(sp)
    ld s5, 21*8(sp)
    ld s6, 22*8(sp)
    ld s7, 23*8(sp)
    ld s8, 24*8(sp)
    ld s9, 25*8(sp)
    ld s10, 26*8(sp)
    ld s11, 27*8(sp)
.endm

.section .text.hot, "ax"
.balign 64
.globl trap_entry
.type trap_entry, @function
trap_entry:
    csrrw tp, sscratch, tp
    beqz tp, trap_from_kernel
    sd sp, T_SCRATCH(tp)
    ld sp, T_KERNEL_SP(tp)
    save_registers
    csrr t2, time
    csrrw t0, sscratch, zero
    ld t1, T_SCRATCH(tp)
    csrr t3, sepc
    csrr t4, sstatus
    csrr t5, scause
    sd t2, T_ENTERED(tp)
    sd t0, TF_TP(sp)
    sd t1, TF_SP(sp)
    sd t4, TF_STATUS(sp)
    sd t5, TF_CAUSE(sp)
    li s0, 0                    /* ends the chain of frame pointers */
    li t6, EXC_ECALL_USER
    bne t5, t6, trap_not_syscall

    addi t3, t3, 4              /* behind the ecall */
    sd t3, TF_EPC(sp)
    sd a0, TF_ORIG_A0(sp)
    csrsi sstatus, SSTATUS_SIE
    li t0, SYSCALL_TABLE_SIZE_ASM
    lla t1, syscall_table
    bgeu a7, t0, syscall_out_of_range
    slli t2, a7, 3
    add t1, t1, t2
    ld t1, 0(t1)
    jalr t1
syscall_done:
    sd a0, TF_A0(sp)

/*
 * sp: the trapframe of `current`. s1..s11 hold what the user had: C and the switch have kept them, and whoever
 * changes them in the frame sets a flag. s0 was cleared to end the chain of frames.
 */
user_return:
    csrci sstatus, SSTATUS_SIE
    lw t0, T_FLAGS(tp)
    bnez t0, user_return_work
user_restore:
    csrr t0, time
    ld t1, T_ENTERED(tp)
    ld t2, T_SYSTEM_TICKS(tp)
    sub t0, t0, t1
    add t2, t2, t0
    sd t2, T_SYSTEM_TICKS(tp)
    ld t0, TF_STATUS(sp)
    ld t1, TF_EPC(sp)
    csrw sscratch, tp
    csrw sstatus, t0
    csrw sepc, t1
    restore_caller_saved
    ld s0, 8*8(sp)
    ld tp, TF_TP(sp)
    ld sp, TF_SP(sp)
    sret

syscall_out_of_range:
    call sys_absent
    j syscall_done

user_return_work:
    mv a0, sp
    call trap_user_work         /* returns with interrupts off and nothing left to do */
    restore_callee_saved
    j user_restore

trap_not_syscall:
    csrr t0, stval
    sd t3, TF_EPC(sp)
    sd t0, TF_TVAL(sp)
    mv a0, sp
    call trap_user
    j user_return

trap_from_kernel:
    csrrw tp, sscratch, zero
    sd t0, T_SCRATCH(tp)
    ld t0, T_KSTACK(tp)
    addi t0, t0, STACK_RESERVE
    bltu sp, t0, trap_stack_is_full
    ld t0, T_SCRATCH(tp)
    addi sp, sp, -TF_SIZE
    save_registers
    addi t1, sp, TF_SIZE
    sd t1, TF_SP(sp)
    sd tp, TF_TP(sp)
    li t1, SSTATUS_SUM
    csrr t3, sepc
    csrrc t4, sstatus, t1       /* a handler does not inherit access to user memory */
    csrr t5, scause
    csrr t6, stval
    sd t3, TF_EPC(sp)
    sd t4, TF_STATUS(sp)
    sd t5, TF_CAUSE(sp)
    sd t6, TF_TVAL(sp)
    mv a0, sp
    call trap_kernel            /* returns with interrupts off */
    ld t0, TF_STATUS(sp)
    ld t1, TF_EPC(sp)
    csrw sstatus, t0
    csrw sepc, t1
    restore_callee_saved
    restore_caller_saved
    ld s0, 8*8(sp)
    addi sp, sp, TF_SIZE
    sret

/* t0 is in current->scratch. The interrupted sp must not be used. */
trap_stack_is_full:
    ld t0, T_HART(tp)
    ld t0, HART_EMERGENCY_STACK(t0)
    addi t0, t0, -TF_SIZE
    sd sp, TF_SP(t0)
    mv sp, t0
    ld t0, T_SCRATCH(tp)
    save_registers
    sd tp, TF_TP(sp)
    csrr t3, sepc
    csrr t4, sstatus
    csrr t5, scause
    csrr t6, stval
    sd t3, TF_EPC(sp)
    sd t4, TF_STATUS(sp)
    sd t5, TF_CAUSE(sp)
    sd t6, TF_TVAL(sp)
    mv a0, sp
    call trap_stack_overflow
1:  wfi
    j 1b

/* Where a fresh user thread's context points: sp is its trapframe. */
.text
.globl thread_start_user
.type thread_start_user, @function
thread_start_user:
    call sched_finish_switch
    j user_return_work

/* And a kernel thread's: s1 the function, s2 its argument. */
.globl thread_start_kernel
.type thread_start_kernel, @function
thread_start_kernel:
    call sched_finish_switch
    csrsi sstatus, SSTATUS_SIE
    mv a0, s2
    jalr s1
    call thread_exit
