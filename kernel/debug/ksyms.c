/* SPDX-License-Identifier: MIT */
/*
 * Names and callers.
 *
 * Debug builds keep frame pointers: fp[-1] is the return address, fp[-2] the caller's fp
 * (RISC-V psABI, "frame pointer convention"). Release builds do not; there the stack is
 * searched for what looks like return addresses, marked with '?'.
 */
#include <arch/riscv/boot.h>
#include <arch/riscv/current.h>
#include <debug/ksyms.h>
#include <sched/thread.h>

/* tools/ksyms makes these out of the first link */
extern const u64 ksym_base;
extern const u32 ksym_count;
extern const struct {
    u32 offset, name;
} ksym_table[];
extern const char ksym_strings[];

#define MAX_FRAMES 24

static bool is_text(u64 address)
{
    return address >= (u64)text_start && address < (u64)text_end;
}

const char *ksym_name(u64 address, u64 *offset)
{
    u32 low = 0, high = ksym_count;
    if (!is_text(address) || ksym_count == 0 || address < ksym_base)
        return NULL;
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (ksym_base + ksym_table[middle].offset <= address)
            low = middle;
        else
            high = middle;
    }
    *offset = address - ksym_base - ksym_table[low].offset;
    return &ksym_strings[ksym_table[low].name];
}

static void print_address(u64 pc, const char *mark, void (*print)(const char *fmt, ...))
{
    u64 offset;
    const char *name = ksym_name(pc, &offset);
    if (name)
        print("  %s%016lx %s+0x%lx\n", mark, pc, name, offset);
    else
        print("  %s%016lx\n", mark, pc);
}

static bool on_this_stack(u64 address)
{
    u64 low = (u64)current->kstack;
    return is_aligned(address, 8) && address >= low + 16 && address <= low + KSTACK_SIZE;
}

#ifdef DEBUG
void backtrace_print(u64 pc, u64 fp, void (*print)(const char *fmt, ...))
{
    print_address(pc, "", print);
    for (int i = 0; i < MAX_FRAMES && on_this_stack(fp); i++) {
        const u64 *frame = (const u64 *)fp;
        if (!is_text(frame[-1]) || frame[-2] <= fp)
            break;
        print_address(frame[-1] - 1, "", print);
        fp = frame[-2];
    }
}
#else
void backtrace_print(u64 pc, u64 sp, void (*print)(const char *fmt, ...))
{
    u64 end = (u64)current->kstack + KSTACK_SIZE;
    print_address(pc, "", print);
    if (!on_this_stack(sp))
        return;
    for (int n = 0; sp < end && n < MAX_FRAMES; sp += 8) {
        u64 value = *(const u64 *)sp;
        if (!is_text(value))
            continue;
        print_address(value, "? ", print);
        n++;
    }
}
#endif
