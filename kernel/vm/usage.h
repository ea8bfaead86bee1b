/* SPDX-License-Identifier: MIT */
/* For /proc: what areas hold, how often frames are mapped, how many page tables there are. The
 * definitions are in usage.c and census.c. */
#pragma once

#include <lib/types.h>
#include <vm/aspace.h>

struct page;

/* --- census.c: how often each frame is mapped, in the whole machine --- */

struct census;
/* Counts all mappings of all frames. Takes each as->lock for writing, one after the other.
 * Sleeps. Gives the census to the caller. Returns 0, -ENOMEM. */
int must_check census_take(struct census **out);
void census_drop(struct census *census);
/* How often the frame was mapped; 0 for the zero page. */
u32 census_maps(const struct census *census, const struct page *page);

/* --- usage.c: one address space. Locks: as->lock for writing, where areas are given --- */

#define PSS_SHIFT 12 /* of the proportional shares, so that little is lost in the divisions */

struct vma_usage {
    u64 rss, referenced, anonymous; /* pages; the zero page is none */
    u64 shared_clean, shared_dirty, private_clean, private_dirty;  /* pages */
    u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked; /* bytes << PSS_SHIFT */
};
/* Adds what the area holds to the sum. */
void vma_usage_add(const struct vma *vma, const struct census *census, struct vma_usage *sum);

/* One character per page, as /proc/PID/cow shows them (". z s p c r m"); at most n pages from
 * start. */
void vma_page_states(const struct vma *vma, vaddr_t start, char *states, size_t n);

struct mapped_page {
    const struct page *frame; /* NULL: nothing mapped. No reference: look at the struct only */
    bool is_exclusive;        /* mapped here and nowhere else */
};
/* n pages from start. */
void vma_mapped_pages(const struct vma *vma, vaddr_t start, struct mapped_page *pages,
                      size_t n);

/* Page tables that lead to its memory, the root and shared ones included; and those of them
 * that lead to nobody else's. Take as->lock. */
u64 aspace_n_tables(struct aspace *as);
u64 aspace_n_own_tables(struct aspace *as);
/* About how many pages would be free if everybody who uses its memory gave up his part: shared
 * pages and tables count as what is one of the sharers' part. Takes no memory and little time:
 * shared tables are not looked into. Takes as->lock. */
u64 aspace_share(struct aspace *as);
