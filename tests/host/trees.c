/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
// with: tests/host/stub/audit.c
/*
 * The model test of shared page tables: random trees of processes against a plain model that
 * copies everything.
 *
 *     build/host/trees [SEED [STEPS [EPISODE]]]        `make model` runs ten million steps
 *
 * Memory and the model are described in plain.h. Ranges run from any page or gap to any other
 * of a stretch, so areas span several leaf tables, middle tables and whole root entries.
 *
 * After each step every page of every process holds what the model says, whatever tables lead
 * there, and every reference is counted (stub/audit.h); what the harts' TLBs remember of the
 * process at work is still true. The kernel's own recount, which knows more rules, is asked
 * every 64 steps.
 *
 * A run is a row of episodes with engines, policy, failing allocations and A/D handling of
 * their own; each ends with the exit of all, in any order, and every frame back.
 */
#include "plain.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

enum { EPISODE = 2000, FULL_EVERY = 64 }; /* steps */

static struct {
    bool injects, mixes_engines, is_plain; /* plain: private memory that children inherit */
} mode;
static u64 n_forks;

/* --- failing allocations: a call that had one changes nothing --- */

static int armed;

/* In some of the calls, one of the next eight, after the first n. */
static void arm_after(unsigned n)
{
    armed = mode.injects && t_below(3) == 0 ? n + 1 + t_below(8) : 0;
    stub_fail_countdown = armed;
}

static void arm(void)
{
    arm_after(0);
}

/* After the call: did it fail for want of memory, as it was made to? */
static bool was_denied(int err)
{
    bool fired = armed && stub_fail_countdown == 0;

    stub_fail_countdown = 0;
    return fired && err == -ENOMEM;
}

/* --- one step each --- */

static void step_map(struct process *m)
{
    static const int prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
                                PROT_WRITE, PROT_NONE};
    struct range r = some_range();
    enum kind kind = mode.is_plain || t_below(6) ? ANON : FILE_SHARED + t_below(2);
    int prot = prots[t_below(5)], at = t_below(FILE_MAX);
    vaddr_t out;

    if (kind != ANON) {
        int left = WINDOW - r.first % STRETCH % (WINDOW + 1);
        if (!left)
            return;
        r.n = min(min(r.n, left), FILE_MAX - at);
    }
    struct vm_map_request req = {
        .addr = range_start(r),
        .length = range_bytes(r),
        .prot = prot,
        .max_prot = 7,
        .flags = MAP_FIXED | MAP_NORESERVE | (kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE),
        .object = kind == ANON ? NULL : file,
        .offset = at * PAGE_SIZE,
    };
    if (kind != FILE_PRIVATE && range_bytes(r) <= WINDOW * PAGE_SIZE && t_below(3) == 0)
        req.flags |= MAP_POPULATE;
    arm();
    int err = vm_mmap(m->as, &req, &out);
    if (was_denied(err))
        return;
    CHECK_EQ(err, 0);
    for (int i = 0; i < r.n; i++)
        m->cell[r.first + i] =
            (struct cell){.kind = kind, .prot = prot, .at = kind == ANON ? 0 : at + i};
}

static void step_unmap(struct process *m)
{
    struct range r = some_range();
    u64 keep = t_below(4) ? 0 : 1; /* as the tail of an mremap() that shrinks */
    vaddr_t out;
    int err;

    if (keep && is_gap(r.first))
        return;
    arm();
    if (keep && r.n > 1)
        err = vm_mremap(m->as, range_start(r), range_bytes(r), PAGE_SIZE, 0, 0, &out);
    else
        err = vm_munmap(m->as, range_start(r), range_bytes(r));
    if (was_denied(err))
        return;
    CHECK_EQ(err, 0);
    if (keep && r.n > 1)
        r = (struct range){r.first + 1, r.n - 1};
    memset(&m->cell[r.first], 0, r.n * sizeof(m->cell[0]));
}

static void step_protect(struct process *m)
{
    static const int prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE, PROT_WRITE};
    struct range r = some_range();
    int prot = prots[t_below(4)], n = 0;

    while (n < r.n && m->cell[r.first + n].kind)
        n++;
    arm();
    int err = vm_mprotect(m->as, range_start(r), range_bytes(r), prot);
    if (was_denied(err))
        return;
    CHECK_EQ(err, n == r.n ? 0 : -ENOMEM);
    for (int i = 0; i < n; i++)
        m->cell[r.first + i].prot = prot;
}

static void step_dontneed(struct process *m)
{
    struct range r = some_range();
    bool hole = false;

    for (int i = r.first; i < r.first + r.n; i++)
        hole |= !m->cell[i].kind;
    arm();
    int err = vm_madvise(m->as, range_start(r), range_bytes(r), MADV_DONTNEED);
    bool denied = was_denied(err);
    if (!denied)
        CHECK_EQ(err, hole ? -ENOMEM : 0);
    /* where it was denied, the areas in front of the failure have been emptied already */
    for (int i = r.first; i < r.first + r.n; i++) {
        if (!denied || (!is_gap(i) && !page_agrees(m, i)))
            cell_forget(&m->cell[i]);
    }
}

static void step_fork_advice(struct process *m)
{
    static const int advices[] = {MADV_DONTFORK,   MADV_DOFORK,     MADV_DOFORK,
                                  MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_KEEPONFORK};
    struct range r = some_range();
    int advice = advices[t_below(6)], expected = 0;

    if (mode.is_plain)
        return;
    arm();
    int err = vm_madvise(m->as, range_start(r), range_bytes(r), advice);
    if (was_denied(err))
        return;
    for (int i = r.first; i < r.first + r.n; i++) {
        struct cell *c = &m->cell[i];
        if (!c->kind) {
            expected = -ENOMEM;
            continue;
        }
        if (advice == MADV_WIPEONFORK && c->kind != ANON) {
            expected = -EINVAL;
            break;
        }
        if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
            c->dont_fork = advice == MADV_DONTFORK;
        else
            c->wipe_on_fork = advice == MADV_WIPEONFORK;
    }
    CHECK_EQ(err, expected);
}

/* Where a range may move to: the same cells of the other stretch, or another window. */
static bool some_target(struct range r, int *to)
{
    int window = r.first % STRETCH / (WINDOW + 1) * (WINDOW + 1);
    bool in_window = r.first % STRETCH + r.n <= window + WINDOW;

    *to = (r.first + STRETCH) % (2 * STRETCH);
    if (!in_window || t_below(2))
        return true;
    *to = t_below(2) * STRETCH + t_below(WINDOWS) * (WINDOW + 1) + t_below(WINDOW - r.n + 1);
    return *to + r.n <= r.first || r.first + r.n <= *to;
}

static bool is_one_area(struct process *m, struct range r)
{
    rw_write_lock(&m->as->lock);
    struct vma *vma = vma_find(m->as, range_start(r));
    bool is_one =
        vma && vma->start <= range_start(r) && vma->end >= range_start(r) + range_bytes(r);
    rw_write_unlock(&m->as->lock);
    return is_one;
}

static void step_move(struct process *m)
{
    struct range r = some_range();
    u32 flags = MREMAP_MAYMOVE | MREMAP_FIXED | (t_below(4) ? 0 : MREMAP_DONTUNMAP);
    struct cell moved[STRETCH];
    vaddr_t out;
    int to;

    if (!some_target(r, &to))
        return;
    bool one_area = is_one_area(m, r);
    arm();
    int err = vm_mremap(m->as, range_start(r), range_bytes(r), range_bytes(r), flags,
                        cell_va(to), &out);
    if (was_denied(err))
        return;
    CHECK_EQ(err, one_area ? 0 : -EFAULT);
    if (err)
        return;
    memcpy(moved, &m->cell[r.first], r.n * sizeof(moved[0]));
    if (!(flags & MREMAP_DONTUNMAP))
        memset(&m->cell[r.first], 0, r.n * sizeof(moved[0]));
    for (int i = 0; i < r.n; i++) {
        cell_forget(&m->cell[r.first + i]);
        m->cell[to + i] = moved[i];
    }
}

/* An access below a stack makes it grow down to there. */
static void grow(struct process *m, int i)
{
    for (; i >= 2 * STRETCH && i < CELLS && !m->cell[i].kind; i++)
        m->cell[i] = (struct cell){.kind = ANON, .prot = PROT_READ | PROT_WRITE};
}

static void expect_fault(const struct cell *c, int err, const struct fault_info *info)
{
    CHECK_EQ(err, -EFAULT);
    if (c->kind && beyond_end(c) && info->signo == SIGBUS)
        return;
    CHECK_EQ(info->signo, SIGSEGV);
    CHECK_EQ(info->code, c->kind ? SEGV_ACCERR : SEGV_MAPERR);
}

static void step_read(struct process *m)
{
    int i = some_page(), word = t_below(N_WORDS);
    struct cell *c = &m->cell[i];
    struct fault_info info = {0};
    u64 value = ~0UL;

    arm();
    int err = sim_load(m->as, cell_va(i) + offsets[word], &value, &info);
    grow(m, i); /* even if there was no memory for the page then */
    if (was_denied(err))
        return;
    if (!c->kind || !(c->prot & (PROT_READ | PROT_WRITE)) || beyond_end(c))
        return expect_fault(c, err, &info);
    CHECK_EQ(err, 0);
    CHECK_EQ(value, cell_value(c)[word]);
}

static void step_write(struct process *m)
{
    int i = some_page(), word = t_below(N_WORDS);
    struct cell *c = &m->cell[i];
    struct fault_info info = {0};
    u64 value = t_random();

    arm();
    int err = sim_store(m->as, cell_va(i) + offsets[word], value, &info);
    grow(m, i);
    if (was_denied(err))
        return;
    if (!c->kind || !(c->prot & PROT_WRITE) || beyond_end(c))
        return expect_fault(c, err, &info);
    CHECK_EQ(err, 0);
    if (c->kind == FILE_PRIVATE && !c->own) {
        memcpy(c->value, file_value[c->at], sizeof(c->value));
        c->own = true;
    }
    cell_value(c)[word] = value;
}

/* Reads pages of a gap, behind a window or in eight tables, until tables are dense. */
static void step_fill_gap(struct process *m)
{
    int i = t_below(2) * STRETCH + (1 + t_below(WINDOWS - 1)) * (WINDOW + 1) - 1;
    bool in_one_table = t_below(3);
    struct cell *c = &m->cell[i];
    struct fault_info info;

    if (c->kind != ANON || !(c->prot & (PROT_READ | PROT_WRITE)))
        return;
    for (u64 n = 0; n < (in_one_table ? 64 : 8); n++) {
        vaddr_t va = cell_va(i) + n * (in_one_table ? PAGE_SIZE : 2 * MiB);
        u64 value = ~0UL;
        if (va >= cell_end(i))
            break;
        arm();
        int err = sim_load(m->as, va, &value, &info);
        if (was_denied(err))
            break;
        CHECK_EQ(err, 0);
        CHECK_EQ(value, 0);
    }
}

static void step_truncate(void)
{
    file_pages = t_below(FILE_MAX + 1);
    object_truncate(file, file_pages * PAGE_SIZE);
    for (int i = file_pages; i < FILE_MAX; i++)
        memset(file_value[i], 0, sizeof(file_value[i]));
    for (int i = 0; i < PROCS * CELLS; i++) {
        struct cell *c = &procs[i / CELLS].cell[i % CELLS];
        if (beyond_end(c))
            c->own = false;
    }
}

/* --- processes --- */

static void proc_exit(struct process *m)
{
    struct aspace *as = m->as;

    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
    memset(m, 0, sizeof(*m));
}

static const char *some_engine(void)
{
    static const char *const names[] = {"share", "cow", "share", "eager"};
    return mode.mixes_engines ? names[t_below(4)] : "share";
}

static void map_memory(struct process *m, struct range r, u32 flags)
{
    struct vm_map_request req = {
        .addr = range_start(r),
        .length = range_bytes(r),
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | flags,
    };
    vaddr_t out;

    CHECK_EQ(vm_mmap(m->as, &req, &out), 0);
    for (int i = r.first; i < r.first + r.n; i++)
        m->cell[i] = (struct cell){.kind = ANON, .prot = PROT_READ | PROT_WRITE};
}

/* A new program: a stack, and two large areas. */
static void proc_begin(struct process *m)
{
    CHECK_EQ(aspace_create(&m->as), 0);
    CHECK_EQ(aspace_set_engine(m->as, some_engine()), 0);
    map_memory(m, (struct range){CELLS - 2, 2}, MAP_GROWSDOWN);
    map_memory(m, (struct range){0, STRETCH}, 0);
    map_memory(m, (struct range){STRETCH, STRETCH}, 0);
}

static void step_exec(struct process *m)
{
    proc_exit(m);
    proc_begin(m);
}

static void step_set_engine(struct process *m)
{
    CHECK_EQ(aspace_set_engine(m->as, some_engine()), 0);
}

static void cell_fork(struct cell *c)
{
    if (c->dont_fork)
        memset(c, 0, sizeof(*c));
    else if (c->wipe_on_fork)
        cell_forget(c);
}

static void step_fork(struct process *m)
{
    struct process *child = &procs[t_below(PROCS)];

    if (child == m)
        return;
    if (child->as)
        proc_exit(child);
    *child = *m;
    CHECK_EQ(aspace_create(&child->as), 0);
    arm_after(t_below(4) ? m->as->n_areas : 0); /* mostly in the tables */
    int err = uvmcopy(m->as, child->as);
    if (was_denied(err))
        return proc_exit(child);
    CHECK_EQ(err, 0);
    n_forks++;
    for (int i = 0; i < CELLS; i++)
        cell_fork(&child->cell[i]);
}

/* --- the run --- */

typedef void step_fn(struct process *m);
static const struct {
    step_fn *fn;
    unsigned weight;
} steps[] = {
    {step_read, 26}, {step_write, 26},   {step_fork, 12},      {step_map, 9},
    {step_unmap, 5}, {step_protect, 5},  {step_dontneed, 5},   {step_fork_advice, 3},
    {step_move, 5},  {step_fill_gap, 1}, {step_set_engine, 1}, {step_exec, 1},
};

static void one_step(struct process *m)
{
    unsigned n = t_below(100);

    if (n == 99)
        return step_truncate();
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (n < steps[i].weight)
            return steps[i].fn(m);
        n -= steps[i].weight;
    }
}

/* How the kernel is set up for an episode. */
static void choose_mode(u64 episode)
{
    static struct share_policy policies[] = {{0, 0}, {1, 1}, {4, 2}, {1, 1}};

    if (!policies[0].dense_leaf)
        policies[0] = share_policy; /* what is used outside of tests */
    share_policy = policies[(episode / 2 + 1) % 4];
    mode.injects = episode % 3 == 2;
    mode.mixes_engines = episode % 5 > 1;
    mode.is_plain = episode % 2;
    vm_lazy_ad = episode % 7 == 6;
}

static u64 now_episode, now_step;

static void say_where(int signal)
{
    fprintf(stderr, "seed %llu, episode %llu, step %llu\n", (unsigned long long)t_seed,
            (unsigned long long)now_episode, (unsigned long long)now_step);
    if (signal)
        _exit(1);
}

static bool run_episode(u64 episode, u64 n_steps)
{
    u64 free_before = free_frames();

    t_state = (t_seed * 0x9e3779b97f4a7c15ULL) ^ ((episode + 1) * 0xbf58476d1ce4e5b9ULL);
    now_episode = episode;
    choose_mode(episode);
    CHECK_EQ(object_create_anon(0, &file), 0);
    file->owner = &file; /* counts as a file */
    memset(file_value, 0, sizeof(file_value));
    file_pages = 0;
    proc_begin(&procs[0]);
    for (u64 i = 0; i < n_steps; i++) {
        struct process *m = &procs[t_below(PROCS)];
        while (!m->as)
            m = &procs[t_below(PROCS)];
        stub_set_hart(t_below(4));
        now_step = i;
        one_step(m);
        check_all(m);
        if (i % FULL_EVERY == 0)
            check_fully();
        if (t_n_failed) {
            say_where(0);
            return false;
        }
    }
    for (unsigned i = 0, first = t_below(PROCS); i < PROCS; i++) {
        if (procs[(first + i) % PROCS].as)
            proc_exit(&procs[(first + i) % PROCS]);
    }
    object_put(file);
    CHECK_EQ(free_frames(), free_before);
    return !t_n_failed;
}

/* A line that changes each second on a terminal; elsewhere ten lines in all. */
static void progress(u64 done, u64 total)
{
    static time_t start, last;
    time_t now = time(NULL);
    bool is_terminal = isatty(1);

    start = start ? start : now;
    if (is_terminal ? now == last : done * 10 / total == (done - EPISODE) * 10 / total)
        return;
    last = now;
    printf("%s%llu of %llu steps, %llu s, %llu forks%s", is_terminal ? "\r" : "",
           (unsigned long long)done, (unsigned long long)total,
           (unsigned long long)(now - start), (unsigned long long)n_forks,
           is_terminal ? "\033[K" : "\n");
    fflush(stdout);
}

static void summary(u64 done)
{
    printf("%s%llu steps, seed %llu: %llu forks", isatty(1) ? "\r\033[K" : "",
           (unsigned long long)done, (unsigned long long)t_seed, (unsigned long long)n_forks);
    for (unsigned e = VM_TABLE_SHARED; e <= VM_TABLE_COPIED; e++)
        printf(", %s %llu", vm_event_names[e], (unsigned long long)vm_event_total(e));
    printf("; %s\n", t_n_failed ? "FAILED" : "all agreed");
}

int main(int argc, char **argv)
{
    u64 total = argc > 2 ? strtoull(argv[2], NULL, 0) : 40000;
    u64 first = argc > 3 ? strtoull(argv[3], NULL, 0) : 0, done = 0;

    t_begin(argc, argv);
    t_test = "trees";
    t_n_tests = 1;
    signal(SIGABRT, say_where);
    stub_ram_create(FRAMES, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    for (u64 episode = first; done < total; episode++) {
        u64 n = min(total - done, (u64)EPISODE);
        if (!run_episode(episode, n))
            break;
        done += n;
        if (done < total)
            progress(done, total);
    }
    summary(done);
    return t_done();
}
