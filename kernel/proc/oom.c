/* SPDX-License-Identifier: MIT */
/*
 * No memory for a page fault: somebody has to end.
 *
 * OOM-1 Who ends is chosen: the process with the highest score, which is about its share of the
 *       memory (aspace_share(): a page that ten processes use counts a tenth for each, so idle
 *       children of a large process are not what is ended first), plus oom_score_adj
 *       thousandths of all memory. Never process 1, never one with oom_score_adj -1000, and
 *       nobody while an earlier choice is still on its way out.
 * OOM-2 It is announced in the log and counted, once for each process.
 * OOM-3 The others wait until there is memory again, and then fault again: they notice nothing.
 *       The wait is bounded, because whoever was chosen may need something that they hold.
 * OOM-4 If nobody can be chosen, the one who needs memory ends.
 *
 * System calls that find no memory for the kernel's own purposes fail with -ENOMEM instead.
 *
 * Locks: none are held but what a system call may hold while it copies from or to user memory.
 * One thread at a time chooses; others try again a moment later.
 */
#include <debug/log.h>
#include <linux/oom.h>
#include <linux/signal.h>
#include <mem/page.h>
#include <proc/internal.h>
#include <sched/timer.h>
#include <vm/aspace.h>
#include <vm/usage.h>

#define ENOUGH_PAGES 64 /* to go on with */
#define PATIENCE     NSEC_PER_SEC
#define NAP          (NSEC_PER_SEC / 1000)

static u32 is_choosing;   /* atomic */
static u64 n_killed;      /* atomic */
static nsec_t last_death; /* whoever is_choosing: when somebody was chosen */

struct choice {
    struct proc *proc;     /* with a reference; NULL: none */
    struct aspace *aspace; /* to be compared only */
    s64 score;
    u64 pages;
};

static bool choose_and_wait(void);
static struct choice choose(bool *is_one_dying);
static bool is_gone(const struct proc *proc);
static void kill_users_of(const struct choice *victim);

u64 oom_n_killed(void)
{
    return __atomic_load_n(&n_killed, __ATOMIC_RELAXED);
}

/* Tests make allocations fail one by one: these have nothing to do with how much there is. */
static bool failed_on_purpose(void)
{
#ifdef DEBUG
    return current->fail_fired;
#else
    return false;
#endif
}

/* One frame can be had again. */
static bool is_memory_back(void)
{
    struct page *page = kalloc(PAGE_KERNEL, ALLOC_NOFAIL_TEST);

    if (page)
        kfree(page);
    return page;
}

bool oom_relieve(void)
{
    if (signal_is_fatal_pending() || failed_on_purpose())
        return false;
    if (__atomic_exchange_n(&is_choosing, 1, __ATOMIC_ACQUIRE)) {
        (void)sleep_until(clock_monotonic() + NAP, false);
        return true;
    }
    bool is_there_hope = is_memory_back() || choose_and_wait();
    __atomic_store_n(&is_choosing, 0, __ATOMIC_RELEASE);
    return is_there_hope && !signal_is_fatal_pending();
}

static bool choose_and_wait(void)
{
    bool is_one_dying = false;
    struct choice victim = choose(&is_one_dying);
    nsec_t now = clock_monotonic();

    if (!is_one_dying || now - last_death > PATIENCE) {
        if (!victim.proc)
            return false;
        kill_users_of(&victim);
        last_death = now;
    }
    while (!mem_has_free(ENOUGH_PAGES) && !is_gone(victim.proc) &&
           clock_monotonic() - last_death < PATIENCE && !signal_is_fatal_pending())
        (void)sleep_until(clock_monotonic() + NAP, false);
    if (victim.proc)
        proc_put(victim.proc);
    return true;
}

/* It has given its memory back. Read without a lock: it stays a zombie. */
static bool is_gone(const struct proc *proc)
{
    return proc && __atomic_load_n(&proc->state, __ATOMIC_RELAXED) == PROC_ZOMBIE;
}

/* On its way out, and perhaps still with its memory. */
static bool is_dying(struct proc *proc)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    bool result = proc->group_exit || !proc->aspace || (proc->pending.set & sig_bit(SIGKILL));

    spin_unlock_irqrestore(&proc->sig_lock, state);
    return result;
}

/* In pages. */
static s64 score_of(const struct proc *proc, u64 pages, u64 total_pages)
{
    return (s64)pages + proc->oom_score_adj * (s64)total_pages / OOM_SCORE_ADJ_MAX;
}

static u64 total_pages(void)
{
    struct mem_stats stats;

    mem_stats_read(&stats);
    return stats.total_pages;
}

u32 oom_score(struct proc *proc)
{
    struct aspace *as = proc_id(proc) == 1 ? NULL : proc_aspace_get(proc);
    u64 total = total_pages();

    if (!as)
        return 0;
    s64 score = score_of(proc, aspace_share(as), total);
    aspace_put(as);
    if (proc->oom_score_adj == OOM_SCORE_ADJ_MIN)
        return 0;
    return (u32)max((1000 + score * 1000 / (s64)total) * 2 / 3, 0L);
}

static void consider(struct choice *best, struct proc *proc, struct aspace *as)
{
    u64 pages = aspace_share(as);
    s64 score = score_of(proc, pages, total_pages());

    if (best->proc && score <= best->score)
        return;
    if (best->proc)
        proc_put(best->proc);
    proc_get(proc);
    *best = (struct choice){proc, as, score, pages};
}

static struct choice choose(bool *is_one_dying)
{
    struct choice best = {0};
    struct aspace *of_init = NULL; /* a vfork child of process 1 has it, too */
    u32 next = 1;

    for (struct proc *proc; (proc = proc_next_get(next)); proc_put(proc)) {
        next = proc_id(proc) + 1;
        if (is_gone(proc))
            continue;
        if (is_dying(proc)) {
            *is_one_dying = true;
            continue;
        }
        struct aspace *as = proc_aspace_get(proc);
        if (!as)
            continue;
        if (proc_id(proc) == 1)
            of_init = as;
        else if (as != of_init && proc->oom_score_adj != OOM_SCORE_ADJ_MIN)
            consider(&best, proc, as);
        aspace_put(as);
    }
    return best;
}

static void announce(struct proc *proc, u64 pages)
{
    struct proc_info info;

    proc_info_read(proc, &info);
    log_warn("out of memory: killed process %u (%s) with %lu pages of memory, oom_score_adj %d",
             info.pid, info.name, pages, proc->oom_score_adj);
    __atomic_fetch_add(&n_killed, 1, __ATOMIC_RELAXED);
}

void oom_end_caller(void)
{
    struct aspace *as = current->aspace;

    announce(proc_current(), as ? aspace_rss_total(as) : 0);
    signal_force(SIGKILL, SI_KERNEL, 0);
}

/* The memory comes back only when nobody uses it any more: a vfork child and its parent, and
 * whoever else shares it without being a thread. */
static void kill_users_of(const struct choice *victim)
{
    u32 next = 2;

    for (struct proc *proc; (proc = proc_next_get(next)); proc_put(proc)) {
        struct aspace *as = proc_aspace_get(proc);

        next = proc_id(proc) + 1;
        if (as && as == victim->aspace) {
            announce(proc, victim->pages);
            (void)signal_send_proc(proc, SIGKILL, NULL);
        }
        if (as)
            aspace_put(as);
    }
}
