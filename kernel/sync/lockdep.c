/* SPDX-License-Identifier: MIT */
/*
 * Lock classes and the graph of their order: lockdep.h tells the rules.
 *
 * Lock: `graph_lock`, a word of its own, interrupts off. Bits of the graph are only ever set,
 * so the common case, an edge that is known, is one load without it.
 */
#include <arch/riscv/csr.h>
#include <debug/assert.h>
#include <debug/power.h>
#include <lib/bitmap.h>
#include <lib/string.h>
#include <sync/lockdep.h>

#ifdef DEBUG
#define MAX_CLASSES 192

struct lock_class {
    const char *name;
    bool used_in_handler, used_irqs_on; /* only ever set */
    bool
        after_handler; /* handlers, or holders of what handlers take, wait for it; only ever set */
    u64 after[BITMAP_WORDS(MAX_CLASSES)]; /* classes taken while one of this was held */
};

static struct lock_class classes[MAX_CLASSES];
static u32 n_classes;
static u32 graph_lock;

static u64 lock_graph(void)
{
    u64 irq = irq_save();
    while (__atomic_exchange_n(&graph_lock, 1, __ATOMIC_ACQUIRE))
        machine_pause_in_spin();
    return irq;
}

static void unlock_graph(u64 irq)
{
    __atomic_store_n(&graph_lock, 0, __ATOMIC_RELEASE);
    irq_restore(irq);
}

static u32 number_of(const struct lock_class *class)
{
    return class - classes;
}

struct lock_class *lock_class_of(const char *name)
{
    u64 irq = lock_graph();
    struct lock_class *found = NULL;
    for (u32 i = 0; i < n_classes && !found; i++)
        if (str_equal(classes[i].name, name))
            found = &classes[i];
    if (!found && n_classes < MAX_CLASSES) {
        found = &classes[n_classes++];
        found->name = name;
    }
    unlock_graph(irq);
    if (!found)
        panic("more than %d lock classes", MAX_CLASSES);
    return found;
}

/* Is there a way from a to b? Depth-first over a stack of class numbers. Fills way[] for the
 * report. */
static bool reaches(u32 from, u32 to, u32 came_from[MAX_CLASSES])
{
    static u32 stack[MAX_CLASSES];
    static u64 seen[BITMAP_WORDS(MAX_CLASSES)];
    u32 depth = 0;
    memset(seen, 0, sizeof(seen));
    stack[depth++] = from;
    bitmap_set(seen, from);
    while (depth > 0) {
        u32 at = stack[--depth];
        if (at == to)
            return true;
        for (u32 next = 0; next < n_classes; next++) {
            if (!bitmap_test(classes[at].after, next) || bitmap_test(seen, next))
                continue;
            bitmap_set(seen, next);
            came_from[next] = at;
            stack[depth++] = next;
        }
    }
    return false;
}

static void report_cycle(u32 before, u32 next, const u32 *came_from)
{
    char way[200] = "";
    for (u32 at = before; at != next; at = came_from[at]) {
        strlcat(way, " after ", sizeof(way));
        strlcat(way, classes[came_from[at]].name, sizeof(way));
    }
    panic("LOCK-1: %s is taken while %s is held, but elsewhere %s is taken%s",
          classes[next].name, classes[before].name, classes[before].name, way);
}

/* LOCK-5, for a class and all that are taken after it. Locks: the graph. Returns: the class that
 * breaks it, or NULL. */
static struct lock_class *mark_after_handler(struct lock_class *class)
{
    if (class->after_handler)
        return NULL;
    class->after_handler = true;
    if (class->used_irqs_on)
        return class;
    for (u32 next = 0; next < n_classes; next++) {
        struct lock_class *wrong =
            bitmap_test(class->after, next) ? mark_after_handler(&classes[next]) : NULL;
        if (wrong)
            return wrong;
    }
    return NULL;
}

static void noreturn_fn report_handler(const struct lock_class *class)
{
    panic(
        "LOCK-5: %s is taken with interrupts on and after a lock that interrupt handlers take",
        class->name);
}

void lockdep_order(struct lock_class *before, struct lock_class *next)
{
    static u32 came_from[MAX_CLASSES];
    if (!before || before == next || bitmap_test(before->after, number_of(next)))
        return;
    u64 irq = lock_graph();
    bool cycle = reaches(number_of(next), number_of(before), came_from);
    struct lock_class *wrong = NULL;
    if (!cycle) {
        bitmap_set(before->after, number_of(next));
        wrong = before->after_handler ? mark_after_handler(next) : NULL;
    }
    unlock_graph(irq);
    if (cycle)
        report_cycle(number_of(before), number_of(next), came_from);
    if (wrong)
        report_handler(wrong);
}

void lockdep_irq_use(struct lock_class *class, bool irqs_on, bool in_handler)
{
    if (irqs_on) {
        class->used_irqs_on = true;
        if (class->after_handler && !class->used_in_handler)
            report_handler(class);
    }
    if (in_handler && !class->used_in_handler) {
        class->used_in_handler = true;
        u64 irq = lock_graph();
        struct lock_class *wrong = mark_after_handler(class);
        unlock_graph(irq);
        if (wrong && wrong != class)
            report_handler(wrong);
    }
    if (class->used_in_handler && class->used_irqs_on)
        panic("LOCK-3: %s is taken in interrupt handlers and, %s, with interrupts on",
              class->name, irqs_on ? "here" : "elsewhere");
}
#endif
