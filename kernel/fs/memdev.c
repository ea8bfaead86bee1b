/* SPDX-License-Identifier: MIT */
/*
 * The devices that need no hardware: /dev/null, zero, full, random, urandom and kmsg.
 */
#include <fs/devfs.h>

#include <debug/log.h>
#include <dev/random.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vfs/vfs.h>

static s64 null_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    return 0;
}

/* Bytes vanish without being looked at. */
static s64 null_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    s64 n = (s64)buf->left;

    buf->left = 0;
    return n;
}

static s64 zero_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    s64 done = 0;

    while (buf->left) {
        size_t n = min(buf->left, 64 * KiB), moved = iobuf_put_zero(buf, n);

        done += (s64)moved;
        if (moved < n)
            return done ? done : -EFAULT;
        if (thread_is_interrupted())
            break;
        sched_point();
    }
    return done;
}

static s64 full_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    return buf->left ? -ENOSPC : 0;
}

static s64 mem_lseek(struct file *file, s64 offset, int whence)
{
    file->pos = 0;
    return 0;
}

/* Mapping /dev/zero: private maps are plain anonymous memory, shared ones an object of their
 * own. */
static int zero_mmap(struct file *file, struct vm_map_request *req)
{
    req->flags |= MAP_ANONYMOUS;
    req->object = NULL;
    req->file = NULL;
    req->offset = 0;
    return 0;
}

static s64 random_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    u8 part[128];
    s64 done = 0;

    while (buf->left) {
        size_t n = min(buf->left, sizeof(part)), moved;

        random_bytes(part, n);
        moved = iobuf_put(buf, part, n);
        done += (s64)moved;
        if (moved < n)
            return done ? done : -EFAULT;
        if (thread_is_interrupted())
            break;
        sched_point();
    }
    return done;
}

static s64 random_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    u8 part[128];
    s64 done = 0;

    while (buf->left) {
        size_t n = min(buf->left, sizeof(part)), moved = iobuf_take(buf, part, n);

        random_add(part, moved);
        done += (s64)moved;
        if (moved < n)
            return done ? done : -EFAULT;
        sched_point();
    }
    return done;
}

/* A line of a program's own in the log. "<6>text": the level comes first. */
static s64 kmsg_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    char line[256];
    size_t n = min(buf->left, sizeof(line) - 1), whole = buf->left, moved;
    const char *text = line;
    int level = 6;

    moved = iobuf_take(buf, line, n);
    if (moved < n)
        return -EFAULT;
    line[n] = 0;
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        level = line[1] - '0';
        text += 3;
    }
    if (n && line[n - 1] == '\n')
        line[n - 1] = 0;
    log_print(level, "%s\n", text);
    return (s64)whole;
}

static const struct file_ops null_ops = {
    .read = null_read, .write = null_write, .lseek = mem_lseek};
static const struct file_ops zero_ops = {
    .read = zero_read, .write = null_write, .lseek = mem_lseek, .mmap = zero_mmap};
static const struct file_ops full_ops = {
    .read = zero_read, .write = full_write, .lseek = mem_lseek};
static const struct file_ops random_ops = {
    .read = random_read, .write = random_write, .lseek = mem_lseek};
static const struct file_ops kmsg_ops = {.read = null_read, .write = kmsg_write};

int memdev_init(void)
{
    static const struct {
        const char *name;
        u32 minor, mode;
        const struct file_ops *ops;
    } devices[] = {{"null", 3, 0666, &null_ops},      {"zero", 5, 0666, &zero_ops},
                   {"full", 7, 0666, &full_ops},      {"random", 8, 0666, &random_ops},
                   {"urandom", 9, 0666, &random_ops}, {"kmsg", 11, 0644, &kmsg_ops}};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(devices) && !r; i++)
        r = chrdev_register(devices[i].name, MEM_MAJOR, devices[i].minor, devices[i].mode,
                            devices[i].ops, NULL);
    return r;
}
