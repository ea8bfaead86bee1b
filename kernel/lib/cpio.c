/* SPDX-License-Identifier: MIT */
/*
 * The newc reader.
 *
 * An entry is a header of 110 characters (magic and thirteen numbers of eight hexadecimal
 * digits), the name with its NUL, and the data; the data and the next header start at multiples
 * of four from the start of the archive. A name "TRAILER!!!" ends an archive.
 */
#include <lib/cpio.h>
#include <lib/string.h>

#include <linux/errno.h>

#define MAGIC_SIZE  6
#define FIELD_SIZE  8
#define HEADER_SIZE (MAGIC_SIZE + N_FIELDS * FIELD_SIZE)
#define TRAILER     "TRAILER!!!"

enum field {
    INO,
    MODE,
    UID,
    GID,
    NLINK,
    MTIME,
    FILESIZE,
    DEV_MAJOR,
    DEV_MINOR,
    RDEV_MAJOR,
    RDEV_MINOR,
    NAMESIZE,
    CHECK,
    N_FIELDS,
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static bool parse_field(const char *text, u32 *out)
{
    u32 value = 0;
    for (int i = 0; i < FIELD_SIZE; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (u32)digit;
    }
    *out = value;
    return true;
}

static bool parse_header(const char *text, u32 fields[N_FIELDS])
{
    if (memcmp(text, "070701", MAGIC_SIZE) != 0 && memcmp(text, "070702", MAGIC_SIZE) != 0)
        return false;
    for (int i = 0; i < N_FIELDS; i++)
        if (!parse_field(text + MAGIC_SIZE + i * FIELD_SIZE, &fields[i]))
            return false;
    return true;
}

/* Reads the entry at *pos and advances to the next. Returns: 0, -EINVAL. */
static int entry_read(const char *archive, size_t size, size_t *pos, struct cpio_entry *entry)
{
    u32 f[N_FIELDS];
    size_t left = size - *pos;
    if (left < HEADER_SIZE || !parse_header(archive + *pos, f))
        return -EINVAL;

    size_t name = *pos + HEADER_SIZE;
    if (f[NAMESIZE] == 0 || f[NAMESIZE] > size - name)
        return -EINVAL;
    if (strnlen(archive + name, f[NAMESIZE]) != f[NAMESIZE] - 1)
        return -EINVAL;

    size_t data = align_up(name + f[NAMESIZE], 4);
    if (f[FILESIZE] > 0 && (data > size || f[FILESIZE] > size - data))
        return -EINVAL;

    *entry = (struct cpio_entry){
        .name = archive + name,
        .data = archive + min(data, size),
        .size = f[FILESIZE],
        .ino = f[INO],
        .mode = f[MODE],
        .uid = f[UID],
        .gid = f[GID],
        .nlink = f[NLINK],
        .mtime = f[MTIME],
        .dev_major = f[DEV_MAJOR],
        .dev_minor = f[DEV_MINOR],
        .rdev_major = f[RDEV_MAJOR],
        .rdev_minor = f[RDEV_MINOR],
    };
    /* the padding behind the last entry may be missing */
    *pos = min(align_up(data + f[FILESIZE], 4), size);
    return 0;
}

static size_t skip_zeroes(const char *archive, size_t size, size_t pos)
{
    while (pos < size && archive[pos] == '\0')
        pos++;
    return pos;
}

int cpio_read(const void *archive, size_t size, cpio_fn *fn, void *arg)
{
    size_t pos = skip_zeroes(archive, size, 0);
    bool in_archive = false;
    while (pos < size) {
        struct cpio_entry entry;
        int err = entry_read(archive, size, &pos, &entry);
        if (err < 0)
            return err;
        in_archive = !str_equal(entry.name, TRAILER);
        if (!in_archive) {
            pos = skip_zeroes(archive, size, pos);
            continue;
        }
        err = fn(arg, &entry);
        if (err != 0)
            return err;
    }
    return in_archive ? -EINVAL : 0;
}
