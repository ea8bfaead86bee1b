// SPDX-License-Identifier: MIT
// The cpio reader: a sound archive, each way to cut it short, and garbage.
// with: kernel/lib/cpio.c
#include <errno.h>
#include <lib/cpio.h>
#include <string.h>
#include <t.h>

struct archive {
    char *bytes;
    size_t size;
};

static void put(struct archive *a, const void *from, size_t n)
{
    a->bytes = realloc(a->bytes, a->size + n + 4);
    memcpy(a->bytes + a->size, from, n);
    a->size += n;
    while (a->size % 4)
        a->bytes[a->size++] = '\0';
}

static void put_entry(struct archive *a, const char *name, unsigned mode, const char *data)
{
    char header[256];
    int n = sprintf(header, "070701%08X%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 7,
                    mode, 1000, 100, 2, 0x65000000, (unsigned)strlen(data), 8, 9, 5, 1,
                    (unsigned)strlen(name) + 1, 0);
    memcpy(header + n, name, strlen(name) + 1);
    put(a, header, n + strlen(name) + 1);
    put(a, data, strlen(data));
}

static struct archive sound(void)
{
    struct archive a = {0};
    put_entry(&a, ".", 040755, "");
    put_entry(&a, "dev/console", 020600, "");
    put_entry(&a, "hello", 0100644, "hello world");
    put_entry(&a, "link", 0120777, "hello");
    put_entry(&a, "TRAILER!!!", 0, "");
    return a;
}

struct seen {
    unsigned n, stop_at;
    const char *low, *high;
    u64 sum;
};

static int see(void *arg, const struct cpio_entry *entry)
{
    struct seen *seen = arg;
    const char *data = entry->data;
    /* all that is promised can be touched */
    for (const char *c = entry->name; *c; c++)
        seen->sum += *c;
    for (u32 i = 0; i < entry->size; i++)
        seen->sum += data[i];
    CHECK(data >= seen->low && data + entry->size <= seen->high);
    return ++seen->n == seen->stop_at ? -EXDEV : 0;
}

static int read_exactly(const struct archive *a, struct seen *seen)
{
    char *copy = malloc(a->size);
    memcpy(copy, a->bytes, a->size);
    seen->low = copy;
    seen->high = copy + a->size;
    int err = cpio_read(copy, a->size, see, seen);
    free(copy);
    return err;
}

static int check_fields(void *arg, const struct cpio_entry *entry)
{
    unsigned *n = arg;
    static const char *const names[] = {".", "dev/console", "hello", "link"};
    static const unsigned modes[] = {040755, 020600, 0100644, 0120777};
    CHECK(strcmp(entry->name, names[*n]) == 0);
    CHECK_EQ(entry->mode, modes[*n]);
    CHECK_EQ(entry->uid, 1000);
    CHECK_EQ(entry->gid, 100);
    CHECK_EQ(entry->nlink, 2);
    CHECK_EQ(entry->ino, 7);
    CHECK_EQ(entry->mtime, 0x65000000);
    CHECK_EQ(entry->dev_major, 8);
    CHECK_EQ(entry->dev_minor, 9);
    CHECK_EQ(entry->rdev_major, 5);
    CHECK_EQ(entry->rdev_minor, 1);
    if (*n == 2) {
        CHECK_EQ(entry->size, 11);
        CHECK(memcmp(entry->data, "hello world", 11) == 0);
    }
    ++*n;
    return 0;
}

static void reads_all(void)
{
    struct archive a = sound();
    unsigned n = 0;
    CHECK_EQ(cpio_read(a.bytes, a.size, check_fields, &n), 0);
    CHECK_EQ(n, 4);
    struct seen seen = {.stop_at = 2};
    CHECK_EQ(read_exactly(&a, &seen), -EXDEV);
    CHECK_EQ(seen.n, 2);
    free(a.bytes);
    CHECK_EQ(cpio_read("", 0, see, &seen), 0);
}

static void reads_several(void)
{
    struct archive a = sound();
    static const char zeroes[512];
    put(&a, zeroes, 512 - a.size % 512);
    struct archive b = sound();
    put(&a, b.bytes, b.size);
    put(&a, zeroes, 500);
    struct seen seen = {0};
    CHECK_EQ(read_exactly(&a, &seen), 0);
    CHECK_EQ(seen.n, 8);
    free(a.bytes);
    free(b.bytes);
}

static void cut_short(void)
{
    struct archive a = sound();
    size_t size = a.size;
    size_t trailer_end = size - 1; /* one byte of padding behind the name */
    while (a.bytes[trailer_end - 1] == '\0')
        trailer_end--;
    trailer_end++;
    for (a.size = 1; a.size < size; a.size++) {
        struct seen seen = {0};
        CHECK_EQ(read_exactly(&a, &seen), a.size >= trailer_end ? 0 : -EINVAL);
    }
    free(a.bytes);
}

static void garbage(void)
{
    unsigned n_good = 0;
    struct archive base = sound();
    for (int i = 0; i < 100000; i++) {
        struct archive a = {malloc(base.size), base.size};
        memcpy(a.bytes, base.bytes, base.size);
        for (unsigned n = 1 + t_below(3); n > 0; n--) {
            size_t at = t_below(a.size);
            if (t_below(2))
                a.bytes[at] = "0123456789abcdefF\0g"[t_below(19)];
            else
                memcpy(a.bytes + min(at, a.size - 8), "ffffffff", 8);
        }
        if (t_below(4) == 0)
            a.size = 1 + t_below(a.size);
        struct seen seen = {0};
        int err = read_exactly(&a, &seen);
        CHECK(err == 0 || err == -EINVAL);
        n_good += err == 0;
        free(a.bytes);
    }
    CHECK(n_good > 5000 && n_good < 95000);
    free(base.bytes);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(reads_all);
    RUN(reads_several);
    RUN(cut_short);
    RUN(garbage);
    return t_done();
}
