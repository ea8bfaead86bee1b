/* SPDX-License-Identifier: MIT */
/*
 * What the kernel wants to know from the device tree, over libfdt.
 *
 * dt_check() examines the whole blob once; everything else expects a blob that passed it. A
 * node is named by its offset (>= 0). Missing or malformed nodes and properties are errors for
 * the caller to handle, never undefined behaviour. Source: Devicetree Specification 0.4; Linux
 * bindings riscv/cpus, chosen, reserved-memory, sifive,plic.
 */
#pragma once

#include <lib/types.h>

struct dt_range {
    u64 base, size; /* bytes; base + size does not overflow, size > 0 */
};

struct dt_chosen {
    const char *bootargs;    /* "" if there are none */
    const char *stdout_path; /* "" if there is none */
    struct dt_range initrd;  /* size 0: none */
};

struct dt_cpu {
    u64 hartid;
    const char *isa;      /* riscv,isa: "rv64imafdc_sstc..."; "" if missing */
    const char *mmu_type; /* "riscv,sv39"...; "" if missing */
};

/* Returns: 0, or -EINVAL unless max_size bytes at dtb hold a sound device tree. */
int must_check dt_check(const void *dtb, size_t max_size);
/* Bytes of the blob, from its header. */
size_t dt_size(const void *dtb);

/* The ranges of RAM. Returns: how many were stored. */
unsigned dt_memory(const void *dtb, struct dt_range *out, unsigned max);
/* What must not be used of it: the reservation block, the children of /reserved-memory (with a
 * reg), and the initrd. The blob itself is not among them: its address is the caller's. */
unsigned dt_reserved(const void *dtb, struct dt_range *out, unsigned max);

void dt_chosen(const void *dtb, struct dt_chosen *out);
/* The usable harts in the order of the tree. Returns: how many were stored. */
unsigned dt_cpus(const void *dtb, struct dt_cpu *out, unsigned max);
/* Ticks of the time CSR per second; 0 if missing. */
u64 dt_timebase(const void *dtb);
/* The root's "model" string, "" if missing. */
const char *dt_model(const void *dtb);

/* The node that /chosen/stdout-path names, its options (":115200n8") aside. Returns: -ENOENT if
 * none. */
int dt_stdout(const void *dtb);
/* The bytes of a property and their number, NULL if missing. */
const void *dt_bytes(const void *dtb, int node, const char *property, size_t *size);
/* /chosen. Returns: -ENOENT if missing. */
int dt_chosen_node(const void *dtb);

/* The next usable node behind `after` (-1: from the start) that is compatible. Returns: -ENOENT
 * if none. */
int dt_find_compatible(const void *dtb, int after, const char *compatible);
/* The index-th address range of a node. Returns: 0, -ENOENT. */
int must_check dt_reg(const void *dtb, int node, unsigned index, struct dt_range *out);
/* The index-th cell of "interrupts" (controllers with one cell each, as PLIC). Returns: 0,
 * -ENOENT. */
int must_check dt_interrupt(const void *dtb, int node, unsigned index, u32 *out);
/* Returns: 0, -ENOENT. */
int must_check dt_u32(const void *dtb, int node, const char *property, u32 *out);
/* The property's text, NULL if missing or not terminated. */
const char *dt_string(const void *dtb, int node, const char *property);
/* True if the property exists. */
bool dt_has(const void *dtb, int node, const char *property);
/* The node that a phandle in `property` points at. Returns: -ENOENT if missing. */
int dt_follow(const void *dtb, int node, const char *property);
/* The PLIC context of a hart's supervisor external interrupt. Returns: context >= 0, -ENOENT.
 */
int dt_plic_context(const void *dtb, int plic, u64 hartid);
