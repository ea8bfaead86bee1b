/* SPDX-License-Identifier: MIT */
/*
 * What is private, what is shared and by how many: smaps, pagemap and kpagecount of a family of
 * processes, after each kind of step that changes it. All of it twice: on calf once with each
 * engine that shares (prctl; Linux has no choice and prints the same again), so what is counted
 * does not depend on how fork shares.
 *
 * The area is alone in its GiB and has ten leaf tables, of which every fourth page is touched.
 */
#include "t.h"

#include <linux/calf.h>
#include <sys/prctl.h>

enum { PAGES = 10 * 512, STEP = 4, N = PAGES / STEP, MAX_PROCS = 6, MAPS_MAX = 8 };
#define BASE ((char *)(40ul << 30))
#define END  (BASE + PAGES * PAGE)

enum op { WRITE, READ, FORK, UNMAP, READ_ONLY, DROP, MOVE, EXIT };

struct order {
    enum op op;
    int first, n; /* touched pages; FORK: number of the new one */
};

static struct member {
    pid_t pid; /* 0: not there */
    int orders[2], answers[2];
} family[MAX_PROCS];

/* Each area's share is rounded down, and the two kernels join areas that moved differently. */
static int areas_differ;

static const char *const names[MAX_PROCS] = {"parent", "child",      "second",
                                             "third",  "grandchild", "great-grand"};

/* --- what they do --- */

static void live(int who);

static void obey(struct order o)
{
    char *at = BASE + (size_t)o.first * STEP * PAGE;
    size_t size = (size_t)o.n * STEP * PAGE;

    if (o.op == WRITE || o.op == READ) {
        for (int i = 0; i < o.n; i++) {
            volatile char *p = at + (size_t)i * STEP * PAGE;
            if (o.op == WRITE)
                *p = (char)(i + 1);
            else
                (void)*p;
        }
    } else if (o.op == UNMAP) {
        munmap(at, size);
    } else if (o.op == READ_ONLY) {
        mprotect(at, size, PROT_READ);
    } else if (o.op == DROP) {
        madvise(at, size, MADV_DONTNEED);
    } else if (o.op == MOVE) {
        mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, END + PAGE);
        mremap(END + PAGE, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at + STEP * PAGE);
    } else if (o.op == FORK) {
        pid_t pid = fork();
        if (pid == 0)
            live(o.first);
        family[o.first].pid = pid;
    }
}

static void live(int who)
{
    struct order o;

    while (read(family[who].orders[0], &o, sizeof o) == sizeof o && o.op != EXIT) {
        obey(o);
        write(family[who].answers[1], &family[o.first % MAX_PROCS].pid, sizeof(pid_t));
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    _exit(0);
}

static void tell(int who, enum op op, int first, int n)
{
    struct order o = {op, first, n};
    pid_t pid;

    if (who == 0) {
        obey(o);
        return;
    }
    write(family[who].orders[1], &o, sizeof o);
    if (op == EXIT) {
        /* gone when its parent could be told: looked at from outside, only the state is left */
        char path[40], state[200] = "";
        sprintf(path, "/proc/%d/stat", family[who].pid);
        for (int i = 0; i < 100 && !strstr(state, ") Z"); i++) {
            int fd = open(path, O_RDONLY);
            if (fd < 0 || read(fd, state, sizeof state - 1) <= 0)
                i = 100;
            close(fd);
            t_msleep(5);
        }
        waitpid(family[who].pid, NULL, WNOHANG);
        family[who].pid = 0;
        return;
    }
    read(family[who].answers[0], &pid, sizeof pid);
    if (op == FORK)
        family[first].pid = pid;
}

/* --- what is seen --- */

static void smaps_print(pid_t pid)
{
    static const char *const shown[] = {"Rss",           "Pss",          "Pss_Dirty",
                                        "Shared_Clean",  "Shared_Dirty", "Private_Clean",
                                        "Private_Dirty", "Anonymous"};
    enum { SHOWN = sizeof shown / sizeof *shown };
    long sums[SHOWN] = {0}, value;
    char path[40], line[300], name[60];
    int inside = 0;

    sprintf(path, "/proc/%d/smaps", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long lo, hi;
        if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
            inside = lo >= (unsigned long)BASE && hi <= (unsigned long)END;
        else if (inside && sscanf(line, "%59[^:]: %ld kB", name, &value) == 2)
            for (int i = 0; i < SHOWN; i++)
                sums[i] += strcmp(name, shown[i]) ? 0 : value;
    }
    if (f)
        fclose(f);
    for (int i = 0; i < SHOWN; i++)
        if (!areas_differ || strncmp(shown[i], "Pss", 3))
            printf(" %s %ld", shown[i], sums[i]);
    printf("\n");
}

static uint64_t *words(const char *path, uint64_t first, size_t n)
{
    uint64_t *w = calloc(n, 8);
    int fd = open(path, O_RDONLY);

    if (fd < 0 || pread(fd, w, n * 8, first * 8) != (ssize_t)(n * 8))
        printf("%s: %s\n", path[6] == 'k' ? path : "pagemap", t_errname(errno));
    close(fd);
    return w;
}

/* How many pages are mapped once, twice ...; and how many pagemap calls exclusive. */
static void counts_print(pid_t pid)
{
    const uint64_t pfn_mask = (1ul << 55) - 1;
    uint64_t low = ~0ul, high = 0;
    int mapped[MAPS_MAX] = {0}, exclusive = 0, present = 0;
    char path[40];

    sprintf(path, "/proc/%d/pagemap", pid);
    uint64_t *map = words(path, (uint64_t)BASE / PAGE, PAGES);
    for (int i = 0; i < PAGES; i++) {
        uint64_t pfn = map[i] & pfn_mask;
        if (!(map[i] >> 63))
            continue;
        present++;
        exclusive += map[i] >> 56 & 1;
        low = pfn < low ? pfn : low;
        high = pfn > high ? pfn : high;
    }
    if (present) {
        uint64_t *count = words("/proc/kpagecount", low, high - low + 1);
        for (int i = 0; i < PAGES; i++) {
            uint64_t n = map[i] >> 63 ? count[(map[i] & pfn_mask) - low] : 0;
            if (map[i] >> 63)
                mapped[n < MAPS_MAX ? n : MAPS_MAX - 1]++;
        }
        free(count);
    }
    free(map);
    printf("   present %d exclusive %d mapped", present, exclusive);
    for (int i = 0; i < MAPS_MAX; i++)
        if (mapped[i])
            printf(" %dx%d", mapped[i], i);
    printf("\n");
}

static void look(const char *when)
{
    printf("%s\n", when);
    for (int i = 0; i < MAX_PROCS; i++) {
        if (!family[i].pid)
            continue;
        printf(" %s:", names[i]);
        smaps_print(family[i].pid);
        counts_print(family[i].pid);
    }
}

/* --- the steps --- */

static void fresh(void)
{
    for (int i = 1; i < MAX_PROCS; i++) {
        if (family[i].pid)
            tell(i, EXIT, 0, 0);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
    areas_differ = 0;
    munmap(BASE, PAGES * PAGE);
    if (mmap(BASE, PAGES * PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != BASE)
        printf("mmap: %s\n", t_errname(errno));
    madvise(BASE, PAGES * PAGE, MADV_NOHUGEPAGE);
    family[0].pid = getpid();
    tell(0, WRITE, 0, N);
}

static void one_child(void)
{
    fresh();
    look("alone");
    tell(0, FORK, 1, 0);
    look("forked, untouched");
    tell(1, READ, 0, N);
    look("the child read all");
    tell(1, WRITE, 0, N / 2);
    look("the child wrote half");
    tell(0, WRITE, N / 4, N / 2);
    look("the parent wrote a half that overlaps");
    tell(0, WRITE, 0, N);
    look("the parent wrote all: what is dirty in the child is its own");
    tell(1, EXIT, 0, 0);
    look("the child is gone");
    tell(0, FORK, 1, 0);
    tell(1, EXIT, 0, 0);
    look("another came and went");
    tell(0, WRITE, 5, 1);
    look("one page written");
}

static void three_children(void)
{
    fresh();
    for (int i = 1; i <= 3; i++)
        tell(0, FORK, i, 0);
    look("three children");
    tell(0, WRITE, 3, 2);
    look("the parent wrote two pages");
    tell(1, WRITE, N / 2, 5);
    look("the first child wrote five in another table");
    tell(2, EXIT, 0, 0);
    look("the second is gone");
    tell(0, WRITE, 0, N);
    look("the parent wrote all: two children share the rest");
    tell(1, EXIT, 0, 0);
    look("one child is left");
}

static void generations(void)
{
    fresh();
    tell(0, FORK, 1, 0);
    tell(1, FORK, 4, 0);
    look("child and grandchild");
    tell(1, WRITE, 0, N / 8);
    look("the child wrote an eighth");
    tell(4, FORK, 5, 0);
    tell(4, WRITE, N / 2, N / 4);
    look("the grandchild forked, then wrote a quarter");
    tell(0, WRITE, 0, N);
    look("the parent wrote all");
    tell(1, EXIT, 0, 0);
    look("the child in between is gone");
    tell(4, EXIT, 0, 0);
    look("and the grandchild");
}

static void changed_maps(void)
{
    fresh();
    tell(0, FORK, 1, 0);
    tell(0, FORK, 2, 0);
    tell(1, UNMAP, 10, 200);
    look("the child unmapped a part");
    tell(2, READ_ONLY, 100, 300);
    look("the second made a part read-only");
    tell(0, DROP, 0, 150);
    tell(0, READ, 0, 10);
    look("the parent dropped a part");
    tell(1, MOVE, 600, 100);
    areas_differ = 1;
    look("the child moved a part");
    tell(2, FORK, 4, 0);
    look("the second forked");
    tell(0, FORK, 3, 0);
    tell(0, WRITE, 0, N);
    look("the parent forked once more and wrote all");
}

int main(void)
{
    static const int engines[] = {CALF_FORK_COW, CALF_FORK_SHARE};

    for (int i = 1; i < MAX_PROCS; i++) {
        pipe(family[i].orders);
        pipe(family[i].answers);
    }
    for (int i = 0; i < 2; i++) {
        prctl(PR_CALF_SET_FORK_ENGINE, engines[i], 0, 0, 0);
        one_child();
        three_children();
        generations();
        changed_maps();
    }
    return 0;
}
