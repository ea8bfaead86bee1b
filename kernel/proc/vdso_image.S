/* SPDX-License-Identifier: MIT */
/* The vDSO's file, made from user/vdso/. */
    .section .rodata
    .balign 16
    .globl vdso_image, vdso_image_end
vdso_image:
    .incbin "build/vdso.so"
vdso_image_end:
    .section .note.GNU-stack, "", @progbits
