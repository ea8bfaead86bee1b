/* SPDX-License-Identifier: MIT */
/* What tests of vm/ ask after each step: does everything add up, is every frame back? */
#pragma once

#include "../t.h"

#include <mem/page.h>
#include <string.h>
#include <vm/aspace.h>

static inline void check_recount(void)
{
    static char text[2048];

    vm_recount(text, sizeof(text));
    CHECK(strncmp(text, "ok", 2) == 0);
    if (strncmp(text, "ok", 2) != 0)
        fprintf(stderr, "%s", text);
}

static inline u64 free_frames(void)
{
    struct mem_stats stats;

    mem_drain();
    mem_stats_read(&stats);
    return stats.free_pages;
}

/* For vm_file_ops: tests have no files. */
static inline void no_file(struct file *f)
{
    (void)f;
}
