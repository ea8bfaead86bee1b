/* SPDX-License-Identifier: MIT */
/*
 * Remote fences, through the firmware (SBI chapter 8).
 *
 * The firmware sends to all harts of the mask first and waits then, and serves other harts'
 * requests while it waits; so a caller needs no lock and may have interrupts off.
 */
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <arch/riscv/tlb.h>

#define WHOLE_SPACE (~0UL)

/* The harts of the mask that a request must go out for. */
static u64 others(u64 harts_mask)
{
    return harts_mask & __atomic_load_n(&harts_online, __ATOMIC_RELAXED) &
           ~hart_bit(mycpu()->id);
}

static bool includes_me(u64 harts_mask)
{
    return harts_mask & hart_bit(mycpu()->id);
}

void tlb_flush_range_remote(u64 harts_mask, vaddr_t va, u64 size, u64 asid)
{
    if (size > TLB_RANGE_MAX) {
        tlb_flush_asid_remote(harts_mask, asid);
        return;
    }
    u64 remote = others(harts_mask);
    if (remote)
        sbi_remote_sfence_asid(hart_mask_to_firmware(remote), firmware_hart_base, va, size,
                               asid);
    if (includes_me(harts_mask)) {
        for (vaddr_t at = va; at < va + size; at += PAGE_SIZE)
            tlb_flush_page_local(at, asid);
    }
}

void tlb_flush_asid_remote(u64 harts_mask, u64 asid)
{
    u64 remote = others(harts_mask);
    if (remote)
        sbi_remote_sfence_asid(hart_mask_to_firmware(remote), firmware_hart_base, 0,
                               WHOLE_SPACE, asid);
    if (includes_me(harts_mask))
        tlb_flush_asid_local(asid);
}

void tlb_flush_all_remote(u64 harts_mask)
{
    u64 remote = others(harts_mask);
    if (remote)
        sbi_remote_sfence(hart_mask_to_firmware(remote), firmware_hart_base, 0, WHOLE_SPACE);
    if (includes_me(harts_mask))
        tlb_flush_all_local();
}

void icache_flush_remote(u64 harts_mask)
{
    u64 remote = others(harts_mask);
    __asm__ volatile("fence rw, rw"
                     :
                     :
                     : "memory"); /* the code is in memory before they fetch it */
    if (remote)
        sbi_remote_fence_i(hart_mask_to_firmware(remote), firmware_hart_base);
    if (includes_me(harts_mask))
        icache_flush_local();
}
