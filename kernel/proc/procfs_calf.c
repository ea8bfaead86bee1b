/* SPDX-License-Identifier: MIT */
/*
 * /proc/calf: what only this kernel tells, for its tests and for experiments.
 *
 *   usage     frames free, objects alive, threads: equal before and after a test, or it leaks
 *   recount   every page table walked, every count compared (docs/testing.md)
 *   trace     the trace ring; writing 1 or 0 turns it on or off
 *   fail      (debug builds) write K: the K-th allocation of the writing thread from then on
 * fails, 0: none; read: how many are still to come. Keep the file open: opening it allocates.
 *   delay     (debug builds) write the seed of the delay injector, 0: off
 */
#include <debug/delay.h>
#include <debug/trace.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/stat.h>
#include <mem/cache.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <proc/procfs_internal.h>
#include <vfs/file.h>
#include <vm/aspace.h>

enum { RECOUNT_SIZE = 16384 };

/*
 * All figures are taken before the first byte of text, which needs memory itself. Frames of
 * object caches count as free: how many there are depends on where the objects happen to lie,
 * and a leak in them shows in the objects.
 */
static int usage_show(struct text *out, const struct pseudo_id *id)
{
    struct mem_stats stats;

    kstack_drain();
    mem_drain();
    mem_stats_read(&stats);
    u64 objects = cache_live_objects();
    u64 threads = proc_n_threads();
    text_printf(out, "frames_free %lu\nobjects_live %lu\nthreads %lu\n",
                stats.free_pages + stats.by_type[PAGE_SLAB], objects, threads);
    return 0;
}

static int recount_show(struct text *out, const struct pseudo_id *id)
{
    char *buf = mem_alloc(RECOUNT_SIZE);

    if (!buf)
        return -ENOMEM;
    text_write(out, buf, vm_recount(buf, RECOUNT_SIZE));
    mem_free(buf);
    return 0;
}

static int trace_show(struct text *out, const struct pseudo_id *id)
{
    char chunk[512];
    u64 pos = 0;

    for (size_t n; out->error == 0 && (n = trace_read(&pos, chunk, sizeof(chunk))) > 0;)
        text_write(out, chunk, n);
    return 0;
}

static int trace_switch(const struct pseudo_id *id, const char *text, size_t n)
{
    s64 value;
    int err = procfs_parse(text, &value);

    if (err == 0)
        trace_on = value != 0;
    return err;
}

#ifdef DEBUG

static int delay_write(const struct pseudo_id *id, const char *text, size_t n)
{
    s64 seed;
    int err = procfs_parse(text, &seed);

    if (err == 0)
        delay_seed((u64)seed);
    return err;
}

/* ---- fail: without an allocation of its own -------------------------------------- */

static s64 fail_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    int countdown = current->fail_countdown;
    char line[16];
    size_t n = (size_t)kscnprintf(line, sizeof(line), "%d\n", countdown);

    if (*pos >= n)
        return 0;
    current->fail_countdown = 0; /* the reader's memory may have to be faulted in */
    size_t moved = iobuf_put(buf, line + *pos, min(buf->left, n - *pos));
    current->fail_countdown = countdown;
    *pos += moved;
    return moved > 0 ? (s64)moved : -EFAULT;
}

static s64 fail_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    char line[16] = "";
    size_t n = buf->left;
    s64 value;

    if (n >= sizeof(line))
        return -EINVAL;
    current->fail_countdown = 0;
    if (iobuf_take(buf, line, n) < n)
        return -EFAULT;
    if (procfs_parse(line, &value) != 0 || value < 0 || value > INT32_MAX)
        return -EINVAL;
    current->fail_countdown = (int)value;
    current->fail_fired = false;
    return (s64)n;
}

static const struct file_ops fail_ops = {
    .read = fail_read, .write = fail_write, .lseek = dir_lseek};

#endif

const struct pseudo_entry procfs_calf_files[] = {
    {.name = "usage", .mode = S_IFREG | 0444, .show = usage_show},
    {.name = "recount", .mode = S_IFREG | 0400, .show = recount_show},
    {.name = "trace", .mode = S_IFREG | 0600, .show = trace_show, .write = trace_switch},
#ifdef DEBUG
    {.name = "fail", .mode = S_IFREG | 0666, .fops = &fail_ops},
    {.name = "delay", .mode = S_IFREG | 0200, .write = delay_write},
#endif
    {0},
};
