/* SPDX-License-Identifier: MIT */
/*
 * The k-th allocation of the memory calls fails, for every k until each gets through: mmap,
 * mprotect (which splits), mremap, partial munmap, brk, madvise, and of pipe, open, mkdir,
 * thread creation. An error leaves everything as it was.
 */
#include "t.h"

enum { PAGES = 16, LIMIT = 500 };

static char *m;
static int fd;

static long do_mmap(void)
{
    void *p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : munmap(p, 8 * PAGE);
}

static long do_populate(void)
{
    void *p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return p == MAP_FAILED ? -1 : munmap(p, 8 * PAGE);
}

static long do_file(void)
{
    void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? -1 : munmap(p, PAGE);
}

static long do_fixed(void)
{
    return mmap(m + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
                   MAP_FAILED
               ? -1
               : (t_fill(m + 4 * PAGE, 4), 0);
}

static long do_mprotect(void)
{
    return mprotect(m + 6 * PAGE, PAGE, PROT_READ);
}

static long do_munmap(void)
{
    return munmap(m + 12 * PAGE, PAGE);
}

static long do_mremap(void)
{
    char *n = mremap(m + 8 * PAGE, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    if (n == MAP_FAILED)
        return -1;
    CHECK(t_compare(n, 8) < 0, "mremap lost data");
    munmap(n, 3 * PAGE);
    return 0;
}

static long do_brk(void)
{
    char *now = (char *)syscall(SYS_brk, 0), *want = now + 4 * PAGE;
    errno = ENOMEM;
    return (char *)syscall(SYS_brk, want) == want ? 0 : -1;
}

static long do_pipe(void)
{
    int p[2];
    return pipe(p) < 0 ? -1 : (close(p[0]), close(p[1]));
}

static long do_open(void)
{
    int f = open("new", O_RDWR | O_CREAT, 0600);
    return f < 0 ? -1 : (close(f), unlink("new"));
}

static long do_mkdir(void)
{
    return mkdir("dir", 0700) < 0 ? -1 : rmdir("dir");
}

static long do_symlink(void)
{
    return symlink("somewhere", "link") < 0 ? -1 : unlink("link");
}

static long do_rename(void)
{
    return rename("f", "a-longer-name-than-before") < 0
               ? -1
               : rename("a-longer-name-than-before", "f");
}

static long do_write(void)
{
    return pwrite(fd, "x", 1, 100 * PAGE) < 0 ? -1 : ftruncate(fd, PAGE);
}

static long do_dup(void)
{
    int f = fcntl(fd, F_DUPFD, 300);
    return f < 0 ? -1 : close(f);
}

/* What a call made before its undoing failed. */
static void left_behind_remove(void)
{
    unlink("new");
    unlink("link");
    rmdir("dir");
    rename("a-longer-name-than-before", "f");
    ftruncate(fd, PAGE);
}

static void until_it_passes(const char *name, long (*call)(void))
{
    for (long k = 1; k < LIMIT; k++) {
        CHECK(mmap(m + 8 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              m + 8 * PAGE);
        t_fill(m + 8 * PAGE, 8); /* for mremap, which takes it away */
        t_fail_at(k);
        long r = call();
        int e = errno, fired = t_fail_fired();
        left_behind_remove();
        CHECK(r == 0 || e == ENOMEM || e == EAGAIN || e == ENFILE || e == ENOSPC,
              "%s with failure %ld gave errno %d", name, k, e);
        for (int i = 0; i < 4; i++)
            CHECK(t_compare(m + i * PAGE, i) < 0, "%s with failure %ld hurt page %d", name, k,
                  i);
        t_recount(name);
        if (r < 0 && fired)
            continue;
        CHECK(r == 0, "%s failed although no allocation did", name);
        if (!fired)
            return;
    }
    CHECK(0, "%s never gets through", name);
}

int main(void)
{
    t_need_fail();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    write(fd, "file", 4);
    m = t_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        t_fill(m + i * PAGE, i);
    until_it_passes("mmap", do_mmap);
    until_it_passes("mmap populate", do_populate);
    until_it_passes("mmap file", do_file);
    until_it_passes("mmap fixed", do_fixed);
    until_it_passes("mprotect", do_mprotect);
    until_it_passes("munmap", do_munmap);
    until_it_passes("brk", do_brk);
    until_it_passes("pipe", do_pipe);
    until_it_passes("open", do_open);
    until_it_passes("mkdir", do_mkdir);
    until_it_passes("symlink", do_symlink);
    until_it_passes("rename", do_rename);
    until_it_passes("write", do_write);
    until_it_passes("dup", do_dup);
    until_it_passes("mremap", do_mremap);
    return 0;
}
