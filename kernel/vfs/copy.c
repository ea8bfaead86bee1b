/* SPDX-License-Identifier: MIT */
/*
 * From one file to another inside the kernel (sendfile, copy_file_range), a page at a time
 * through a buffer.
 */
#include <vfs/file.h>

#include <arch/riscv/page.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <sched/thread.h>

#define CHUNK (4 * PAGE_SIZE)

/* Moves up to n <= CHUNK bytes. Reads ahead at `*in_pos` without moving it until the bytes are
 * written. */
static s64 copy_chunk(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, char *buf,
                      size_t n)
{
    struct iobuf b;
    u64 at = *in_pos;
    s64 got, put;

    iobuf_init_kernel(&b, buf, n);
    got = vfs_read(in, &b, &at);
    if (got <= 0)
        return got;
    iobuf_init_kernel(&b, buf, (size_t)got);
    put = vfs_write(out, &b, out_pos);
    if (put > 0)
        *in_pos += (u64)put;
    return put;
}

s64 vfs_copy(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 n)
{
    char *buf = mem_alloc(CHUNK);
    u64 *pos = in_pos ? in_pos : &in->pos;
    s64 done = 0, r = 0;

    if (!buf)
        return -ENOMEM;
    while ((u64)done < n) {
        size_t piece = min((u64)CHUNK, n - (u64)done);

        r = copy_chunk(in, pos, out, out_pos, buf, piece);
        if (r <= 0)
            break;
        done += r;
        if (r < (s64)piece && !S_ISREG(in->inode->mode))
            break; /* what there was */
        if (thread_is_interrupted())
            break;
        sched_point();
    }
    mem_free(buf);
    return done ? done : r;
}
