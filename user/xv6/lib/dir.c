/* SPDX-License-Identifier: MIT */
/*
 * Directories as read() gives them on xv6: records of 16 bytes, a number and a name.
 *
 * Linux's getdents64 gives records of varying length and moves the position past all that it
 * gave. Each of them carries the position behind it, so after translating as many as the
 * program asked for, the descriptor is set there: no state in the library (LIB-2), and a
 * position shared after fork or dup is right.
 *
 * Names longer than DIRSIZ are cut, as xv6 would have cut them when the file was made.
 */
#include <linux/fs.h>

#include "sys.h"
#include "kernel/fs.h"
#include "user/user.h"

/* Linux's struct linux_dirent64, which no header for programs declares. */
struct record {
    uint64 ino;
    long next; /* position behind this record */
    ushort bytes;
    uchar type;
    char name[];
};

enum { BATCH_BYTES = 512 };

static void entry_fill(struct dirent *to, const struct record *from)
{
    to->inum = (ushort)from->ino ? (ushort)from->ino : 1; /* 0 would mean "no entry" */
    for (int i = 0, ended = 0; i < DIRSIZ; i++) {
        ended |= !from->name[i];
        to->name[i] = ended ? 0 : from->name[i];
    }
}

long directory_read(int fd, void *buf, long n)
{
    uint64 space[BATCH_BYTES / sizeof(uint64)];
    char *batch = (char *)space;
    struct dirent entry, *out = buf;
    long room = n / (long)sizeof(entry), done = 0, next = 0;
    long got = sys3(__NR_getdents64, fd, (long)batch, sizeof(space));

    if (got <= 0)
        return sys_result(got);
    if (!user_writable(buf, (unsigned long)n))
        return -1;
    for (long at = 0; at < got && done < room; done++) {
        struct record *r = (struct record *)(batch + at);

        entry_fill(&entry, r);
        memcpy(out + done, &entry, sizeof(entry));
        next = r->next;
        at += r->bytes;
    }
    if (!done || sys3(__NR_lseek, fd, next, SEEK_SET) < 0)
        return -1;
    return done * (long)sizeof(entry);
}
