/* SPDX-License-Identifier: MIT */
/* All floating-point registers to and from memory: f0..f31, then fcsr. The caller has turned FS on. */
.option arch, +d
.text

/* void fpu_store_registers(a0 u64 *to) */
.globl fpu_store_registers
fpu_store_registers:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\n, \n*8(a0)
    .endr
    csrr t0, fcsr
    sd t0, 32*8(a0)
    ret

/* void fpu_load_registers(a0 const u64 *from) */
.globl fpu_load_registers
fpu_load_registers:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\n, \n*8(a0)
    .endr
    ld t0, 32*8(a0)
    csrw fcsr, t0
    ret
