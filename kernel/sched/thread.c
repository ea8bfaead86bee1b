/* SPDX-License-Identifier: MIT */
/*
 * Making threads and freeing them.
 *
 * A thread is an object, a kernel stack and a tid. The trapframe of a user thread lies at the
 * top of the stack for all its life. A dead thread is freed by the next thread on its hart,
 * since nobody can free the stack he stands on.
 */
#include <arch/riscv/asm_offsets.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/fpu.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <mem/cache.h>
#include <mem/fail.h>
#include <mem/kmap.h>
#include <sched/internal.h>
#include <asm/errno.h>

extern char boot_stack[];

struct thread boot_thread; /* boot.S starts on it; it becomes the boot hart's idle thread */
static struct cache *thread_cache, *user_thread_cache;
static size_t user_part_size; /* set at boot */

static void thread_set_up(struct thread *t, void *stack)
{
    t->kstack = stack;
    t->kernel_sp = (u64)stack + KSTACK_SIZE - TF_SIZE;
    t->context.sp = t->kernel_sp;
    t->state = THREAD_NEW;
    t->affinity = ~0UL;
    t->fail_countdown = 0;
    t->hart = mycpu();
    list_init(&t->run_link);
    thread_trapframe(t)->status = 0;
}

/* Everything but name and tid. NULL: no memory. */
static struct thread *thread_alloc(struct cache *cache)
{
    struct thread *t = cache_alloc(cache);
    if (!t)
        return NULL;
    memset(t, 0, offsetof(struct thread, fp));
    void *stack = kstack_alloc();
    if (!stack) {
        cache_free(cache, t);
        return NULL;
    }
    thread_set_up(t, stack);
    return t;
}

void thread_free(struct thread *t)
{
    kstack_free(t->kstack);
    if (t->is_user) {
        cache_free(user_thread_cache, t);
        return;
    }
    tid_free(t->tid);
    cache_free(thread_cache, t);
}

int thread_alloc_user(struct thread **out)
{
    struct thread *t = thread_alloc(user_thread_cache);
    if (!t)
        return -ENOMEM;
    t->is_user = true;
    t->tid = tid_alloc();
    if (!t->tid) {
        thread_free(t);
        return -EAGAIN;
    }
    t->user = memset(t + 1, 0, user_part_size);
    t->context.ra = (u64)thread_start_user;
    thread_trapframe(t)->status = SSTATUS_SPIE; /* to user mode, interrupts on, FS off */
    *out = t;
    return 0;
}

void thread_copy_user_state(struct thread *child)
{
    child->name_words[0] = current->name_words[0];
    child->name_words[1] = current->name_words[1];
    fpu_save(current);
    *thread_trapframe(child) = *thread_trapframe(current);
    fpu_reset(child);
    if (current->has_fp) {
        memcpy(child->fp, current->fp, sizeof(child->fp));
        fpu_reload(child);
    }
}

int thread_create(struct thread **out, const char *name, void (*fn)(void *), void *arg)
{
    struct thread *t = thread_alloc(thread_cache);
    if (!t)
        return -ENOMEM;
    strlcpy(t->name, name, sizeof(t->name));
    t->tid = tid_alloc_kernel();
    if (!t->tid) {
        thread_free(t);
        return -EAGAIN;
    }
    t->context.ra = (u64)thread_start_kernel;
    t->context.s[1] = (u64)fn;
    t->context.s[2] = (u64)arg;
    *out = t;
    return 0;
}

void thread_destroy_unstarted(struct thread *t)
{
    assert(t->state == THREAD_NEW);
    if (t->is_user)
        tid_free(t->tid);
    thread_free(t);
}

void thread_times(const struct thread *t, nsec_t *user, nsec_t *system)
{
    u64 run = __atomic_load_n(&t->run_ticks, __ATOMIC_RELAXED);
    u64 in_kernel = __atomic_load_n(&t->system_ticks, __ATOMIC_RELAXED);
    if (t == current) {
        u64 now = time_ticks();
        run += now - t->switched_in;
        in_kernel += now - t->entered;
    } else if (t->state == THREAD_RUNNING) {
        run += time_ticks() - t->switched_in;
    }
    in_kernel = min(in_kernel, run);
    *user = ticks_to_nsec(run - in_kernel);
    *system = ticks_to_nsec(in_kernel);
}

/* ---- boot --------------------------------------------------------------------------- */

static void idle_thread_adopt(struct thread *t, struct hart *h)
{
    strlcpy(t->name, "idle", sizeof(t->name));
    t->hart = h;
    t->state = THREAD_RUNNING;
    h->idle = t;
    h->current = t;
}

void sched_init_boot(struct hart *h)
{
    boot_thread.hart = h; /* mycpu() works from here on */
    thread_set_up(&boot_thread, boot_stack);
    idle_thread_adopt(&boot_thread, h);
    for (u32 i = 0; i < MAX_HARTS; i++) {
        spin_init(&runqs[i].lock, "run queue");
        list_init(&runqs[i].queue);
        runqs[i].tick_at = TIMER_NEVER;
        timers_init_hart(i);
    }
}

#ifdef DEBUG
static int *fail_countdown(void)
{
    current->fail_fired |= current->fail_countdown == 1; /* this is the one */
    return &current->fail_countdown;
}
#endif

void threads_user_init(size_t part_size)
{
    user_part_size = part_size;
    user_thread_cache = cache_create("user thread", sizeof(struct thread) + part_size);
}

void sched_init(void)
{
#ifdef DEBUG
    fail_countdown_of_current = fail_countdown;
#endif
    thread_cache = cache_create("thread", sizeof(struct thread));
    for (u32 i = 1; i < n_harts; i++) {
        struct thread *t = thread_alloc(thread_cache);
        if (!t)
            panic("no memory for the idle thread of hart %u", i);
        idle_thread_adopt(t, &harts[i]);
    }
}
