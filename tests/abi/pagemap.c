/* SPDX-License-Identifier: MIT */
/* /proc/self/pagemap, kpagecount, kpageflags: what fork and writes do to a page, seen from
 * outside. */
#include "t.h"

#include <linux/kernel-page-flags.h>

static int pagemap, counts, flags;

static uint64_t word_at(int fd, unsigned long number)
{
    uint64_t word = 0;

    if (pread(fd, &word, 8, number * 8) != 8)
        printf("no word: %s\n", t_errname(errno));
    return word;
}

/* The map of the calling process: a child opens its own. */
static void look(const char *what, void *page)
{
    uint64_t word = word_at(pagemap, (unsigned long)page / PAGE);
    unsigned long pfn = word & ((1ul << 55) - 1);

    printf("%s: present %d file %d alone %d", what, (int)(word >> 63), (int)(word >> 61 & 1),
           (int)(word >> 56 & 1));
    if (pfn) {
        uint64_t f = word_at(flags, pfn);

        printf(" mapped %d anon %d zero %d", (int)word_at(counts, pfn),
               (int)(f >> KPF_ANON & 1), (int)(f >> KPF_ZERO_PAGE & 1));
    }
    printf("\n");
}

static void forked(char *page)
{
    int go[2];

    pipe(go);
    pid_t pid = fork();
    if (pid == 0) {
        char b;
        pagemap = open("/proc/self/pagemap", O_RDONLY);
        look("child, shared", page);
        page[0] = 2;
        look("child, after its write", page);
        read(go[0], &b, 1);
        _exit(0);
    }
    t_msleep(200);
    look("parent, after the child's write", page);
    page[0] = 3;
    look("parent, after its own write", page);
    write(go[1], "", 1);
    t_wait("child", pid);
}

int main(void)
{
    uint64_t words[4];
    volatile char sink;
    char *anon =
        mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    madvise(anon, 3 * PAGE, MADV_NOHUGEPAGE);
    P(pagemap = open("/proc/self/pagemap", O_RDONLY));
    P(counts = open("/proc/kpagecount", O_RDONLY));
    P(flags = open("/proc/kpageflags", O_RDONLY));
    look("never touched", anon);
    sink = anon[PAGE];
    look("read", anon + PAGE);
    anon[0] = 1;
    look("written", anon);
    shared[0] = 1;
    look("shared memory", shared);
    forked(anon);
    munmap(anon + PAGE, PAGE);
    look("unmapped", anon + PAGE);
    R(pread(pagemap, words, 8, 3));
    R(pread(pagemap, words, 7, 0));
    R(pread(pagemap, words, 32, (unsigned long)anon / PAGE * 8));
    R(pread(pagemap, words, 8, 0));
    R(pread(counts, words, 16, 0));
    R(write(pagemap, words, 8));
    IN_CHILD("without rights", setuid(1000); R(open("/proc/1/pagemap", O_RDONLY));
             R(open("/proc/kpagecount", O_RDONLY)));
    (void)sink;
    return 0;
}
