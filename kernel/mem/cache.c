/* SPDX-License-Identifier: MIT */
/*
 * Object caches.
 *
 * A slab is one frame cut into objects of one size; its struct page says how many are free
 * and where the first free one is, each free object where the next is. A cache lists the slabs
 * that have free objects. Above the slabs each hart keeps a short list of free objects, filled
 * and spilled in batches, so that the usual allocation touches neither a shared lock nor a
 * slab.
 *
 * CACHE-1 A slab is on its cache's list exactly if n_free > 0.
 * CACHE-2 A slab whose objects are all free goes back to the frame allocator, but the last one
 *         with free objects stays until caches_drain().
 * CACHE-3 A cached free object holds a link in its first word and, in debug builds, junk behind
 *         it.
 *
 * Locks: a hart's list has a hart lock, the slabs of a cache have the cache's lock; never both.
 * No lock is held while frames are taken or given back, since taking may drain the caches.
 */
#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <mem/cache.h>
#include <mem/fail.h>
#include <mem/internal.h>
#include <mem/kmap.h>
#include <mem/page.h>

#define MAX_CACHES    64
#define OBJECT_ALIGN  16
#define SLAB_END      0xffff /* no free object */
#define MEM_CLASS_MAX 2048   /* mem_alloc() above takes whole frames */

/* A free object. */
struct free_object {
    struct free_object *next;
};

struct hart_objects {
    struct hart_lock lock;
    u32 n;
    struct free_object *first;
    s64 n_live; /* objects handed out minus objects given back on this hart */
} __attribute__((aligned(64)));

struct cache {
    struct hart_objects harts[MAX_HARTS];

    /* set at creation */
    const char *name;
    u16 size;     /* bytes per object, a multiple of OBJECT_ALIGN */
    u16 per_slab; /* objects */
    u16 batch;    /* objects moved between a hart and the slabs at once */
    u8 number;

    struct spinlock lock;
    struct list_head partial; /* `lock`: slabs with free objects */
    u64 n_free;               /* `lock`: free objects in all slabs */
    u64 n_slabs;              /* `lock` */
};

static struct cache caches[MAX_CACHES];
static unsigned n_caches; /* grows at boot only */

/* --- slabs --- */

static inline struct page *slab_of(const void *object)
{
    return pa_to_page(va_to_pa(object));
}

static void slab_push_locked(struct cache *cache, struct free_object *object)
{
    assert(spin_is_held(&cache->lock));
    struct page *slab = slab_of(object);
    char *base = page_to_va(slab);
    assert(slab->type == PAGE_SLAB);
    assert(slab->slab.cache == cache->number);
    *(u16 *)object = slab->slab.free;
    slab->slab.free = (u16)((char *)object - base);
    if (slab->slab.n_free++ == 0)
        list_add(&slab->slab.link, &cache->partial);
    cache->n_free++;
}

static struct free_object *slab_pop_locked(struct cache *cache, struct page *slab)
{
    assert(spin_is_held(&cache->lock));
    void *object = (char *)page_to_va(slab) + slab->slab.free;
    assert(slab->slab.n_free > 0);
    slab->slab.free = *(u16 *)object;
    if (--slab->slab.n_free == 0)
        list_del(&slab->slab.link);
    cache->n_free--;
    return object;
}

/* Takes an empty slab away, for kfree() once the lock is released. */
static void slab_detach_locked(struct cache *cache, struct page *slab)
{
    assert(spin_is_held(&cache->lock));
    assert(slab->slab.n_free == cache->per_slab);
    list_del(&slab->slab.link);
    cache->n_free -= cache->per_slab;
    cache->n_slabs--;
}

/* Adds a slab of free objects. Returns: false if there is no frame for it. */
static bool slab_add(struct cache *cache)
{
    struct page *slab = kalloc_internal(PAGE_SLAB);
    if (!slab)
        return false;
    slab->slab.cache = cache->number;
    slab->slab.n_free = 0;
    slab->slab.free = SLAB_END;
    char *base = page_to_va(slab);
    u64 irq = spin_lock_irqsave(&cache->lock);
    cache->n_slabs++;
    for (unsigned i = cache->per_slab; i-- > 0;)
        slab_push_locked(cache, (struct free_object *)(base + i * cache->size));
    spin_unlock_irqrestore(&cache->lock, irq);
    return true;
}

/* Up to a batch of free objects as a chain; *n says how many. */
static struct free_object *batch_take(struct cache *cache, u32 *n)
{
    struct free_object *chain = NULL;
    u64 irq = spin_lock_irqsave(&cache->lock);
    for (*n = 0; *n < cache->batch && !list_is_empty(&cache->partial); ++*n) {
        struct page *slab = list_first(&cache->partial, struct page, slab.link);
        struct free_object *object = slab_pop_locked(cache, slab);
        object->next = chain;
        chain = object;
    }
    spin_unlock_irqrestore(&cache->lock, irq);
    return chain;
}

/* Gives a chain back to the slabs, and slabs that became empty to the frame allocator while
 * others have free objects (CACHE-2). */
static void batch_give(struct cache *cache, struct free_object *chain)
{
    struct list_head empty = LIST_INIT(empty);
    struct page *slab, *following;
    u64 irq = spin_lock_irqsave(&cache->lock);
    while (chain) {
        struct free_object *object = chain;
        chain = object->next;
        slab_push_locked(cache, object);
        slab = slab_of(object);
        if (slab->slab.n_free == cache->per_slab && cache->n_free > cache->per_slab) {
            slab_detach_locked(cache, slab);
            list_add(&slab->slab.link, &empty);
        }
    }
    spin_unlock_irqrestore(&cache->lock, irq);
    list_for_each_safe (slab, following, &empty, slab.link)
        kfree(slab);
}

/* Gives all empty slabs back, the last one too. */
static void cache_release_empty(struct cache *cache)
{
    struct list_head empty = LIST_INIT(empty);
    struct page *slab, *following;
    u64 irq = spin_lock_irqsave(&cache->lock);
    list_for_each_safe (slab, following, &cache->partial, slab.link) {
        if (slab->slab.n_free < cache->per_slab)
            continue;
        slab_detach_locked(cache, slab);
        list_add(&slab->slab.link, &empty);
    }
    spin_unlock_irqrestore(&cache->lock, irq);
    list_for_each_safe (slab, following, &empty, slab.link)
        kfree(slab);
}

/* --- junk --- */

#ifdef DEBUG
static void junk_fill(const struct cache *cache, void *object)
{
    memset((char *)object + sizeof(struct free_object), JUNK,
           cache->size - sizeof(struct free_object));
}

/* The object may have got its link only when it was cut out of its slab: the frame was junk. */
static void junk_check(const struct cache *cache, void *object)
{
    const u8 *byte = object;
    for (size_t i = sizeof(struct free_object); i < cache->size; i++)
        if (unlikely(byte[i] != JUNK))
            panic("%s object %p was written after it was freed: offset %zu holds %x",
                  cache->name, object, i, byte[i]);
    memset(object, JUNK, sizeof(struct free_object));
}
#else
static inline void junk_fill(const struct cache *cache, void *object)
{
}
static inline void junk_check(const struct cache *cache, void *object)
{
}
#endif

/* --- a hart's list --- */

static always_inline void object_push_locked(struct hart_objects *hart,
                                             struct free_object *object)
{
    assert(hart_is_locked(&hart->lock));
    object->next = hart->first;
    hart->first = object;
    hart->n++;
}

static always_inline struct free_object *object_pop_locked(struct hart_objects *hart)
{
    assert(hart_is_locked(&hart->lock));
    struct free_object *object = hart->first;
    if (object) {
        hart->first = object->next;
        hart->n--;
    }
    return object;
}

/* Nothing on this hart's list: take a batch from the slabs, or make a slab. */
static struct free_object *no_inline object_take_slowly(struct cache *cache)
{
    u32 n;
    struct free_object *chain;
    while (!(chain = batch_take(cache, &n)))
        if (!slab_add(cache))
            return NULL;

    struct free_object *object = chain;
    struct hart_objects *hart = &cache->harts[mycpu()->id];
    hart_lock(&hart->lock);
    for (chain = chain->next; chain;) {
        struct free_object *next = chain->next;
        object_push_locked(hart, chain);
        chain = next;
    }
    hart->n_live++;
    hart_unlock(&hart->lock);
    junk_check(cache, object);
    return object;
}

/* This hart's list is long: give a batch of it back. */
static void no_inline objects_spill(struct cache *cache, struct hart_objects *hart, u32 n)
{
    struct free_object *chain = NULL, *object;
    u64 irq;
    if (!hart_lock_foreign(&hart->lock, &irq))
        return;
    while (n-- > 0 && (object = object_pop_locked(hart))) {
        object->next = chain;
        chain = object;
    }
    hart_unlock_foreign(&hart->lock, irq);
    if (chain)
        batch_give(cache, chain);
}

/* Another hart drains the list just now. */
static void no_inline object_give_slowly(struct cache *cache, struct free_object *object)
{
    struct hart_objects *hart = &cache->harts[mycpu()->id];
    hart_lock(&hart->lock);
    object_push_locked(hart, object);
    hart->n_live--;
    hart_unlock(&hart->lock);
}

/* --- interface --- */

struct cache *cache_create(const char *name, size_t size)
{
    assert_msg(n_caches < MAX_CACHES, "%s", name);
    assert_msg(size > 0 && size <= PAGE_SIZE, "%s: %zu bytes", name, size);
    struct cache *cache = &caches[n_caches];
    cache->number = n_caches;
    cache->name = name;
    cache->size = align_up(size, OBJECT_ALIGN);
    cache->per_slab = PAGE_SIZE / cache->size;
    cache->batch = cache->size <= 256 ? 16 : cache->size <= 1024 ? 8 : 4;
    spin_init(&cache->lock, "mem.cache");
    list_init(&cache->partial);
    n_caches++;
    return cache;
}

void *cache_alloc(struct cache *cache)
{
    if (alloc_should_fail())
        return NULL;
    struct hart_objects *hart = &cache->harts[mycpu()->id];
    if (!hart_trylock(&hart->lock))
        return object_take_slowly(cache);
    struct free_object *object = object_pop_locked(hart);
    hart->n_live += object != NULL;
    hart_unlock(&hart->lock);
    if (unlikely(!object))
        return object_take_slowly(cache);
    junk_check(cache, object);
    return object;
}

void *cache_zalloc(struct cache *cache)
{
    void *object = cache_alloc(cache);
    return object ? memset(object, 0, cache->size) : NULL;
}

void cache_free(struct cache *cache, void *object)
{
    assert_msg(slab_of(object)->type == PAGE_SLAB &&
                   slab_of(object)->slab.cache == cache->number,
               "%p is no %s", object, cache->name);
    assert_msg((uintptr_t)object % PAGE_SIZE % cache->size == 0, "%p is no %s", object,
               cache->name);
    junk_fill(cache, object);
    struct hart_objects *hart = &cache->harts[mycpu()->id];
    if (!hart_trylock(&hart->lock)) {
        object_give_slowly(cache, object);
        return;
    }
    object_push_locked(hart, object);
    hart->n_live--;
    bool is_long = hart->n > 2U * cache->batch;
    hart_unlock(&hart->lock);
    if (unlikely(is_long))
        objects_spill(cache, hart, cache->batch);
}

void caches_drain(void)
{
    for (unsigned i = 0; i < n_caches; i++) {
        struct cache *cache = &caches[i];
        for (u32 hart = 0; hart < MAX_HARTS; hart++)
            objects_spill(cache, &cache->harts[hart], UINT32_MAX);
        cache_release_empty(cache);
    }
}

/* Exact when nobody allocates meanwhile. */
static s64 cache_live(const struct cache *cache)
{
    s64 n = 0;
    for (u32 hart = 0; hart < MAX_HARTS; hart++)
        n += __atomic_load_n(&cache->harts[hart].n_live, __ATOMIC_RELAXED);
    return n;
}

u64 cache_live_objects(void)
{
    s64 n = 0;
    for (unsigned i = 0; i < n_caches; i++)
        n += cache_live(&caches[i]);
    return n;
}

void cache_for_each(cache_fn *fn, void *arg)
{
    for (unsigned i = 0; i < n_caches; i++) {
        struct cache *cache = &caches[i];
        fn(arg, cache->name, cache->size, cache_live(cache),
           __atomic_load_n(&cache->n_slabs, __ATOMIC_RELAXED));
    }
}

/* --- sizes known only at run time --- */

/*
 * The power-of-two cache for a size, by the number of its 16-byte units: classes[(size + 15) /
 * 16].
 */
static struct cache *classes[MEM_CLASS_MAX / OBJECT_ALIGN + 1];

void caches_init(void)
{
    static const char *const names[] = {"mem-16",  "mem-32",  "mem-64",   "mem-128",
                                        "mem-256", "mem-512", "mem-1024", "mem-2048"};
    unsigned unit = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct cache *cache = cache_create(names[i], (size_t)OBJECT_ALIGN << i);
        for (; unit <= 1U << i; unit++)
            classes[unit] = cache;
    }
}

void *mem_alloc(size_t size)
{
    if (likely(size <= MEM_CLASS_MAX))
        return cache_alloc(classes[(size + OBJECT_ALIGN - 1) / OBJECT_ALIGN]);
    unsigned order = 0;
    while (order <= PAGE_MAX_ORDER && PAGE_SIZE << order < size)
        order++;
    struct page *page = kalloc_pages(order, PAGE_KERNEL, 0);
    return page ? page_to_va(page) : NULL;
}

void *mem_zalloc(size_t size)
{
    void *ptr = mem_alloc(size);
    return ptr ? memset(ptr, 0, size) : NULL;
}

void mem_free(void *ptr)
{
    if (!ptr)
        return;
    struct page *page = slab_of(ptr);
    if (page->type == PAGE_SLAB)
        cache_free(&caches[page->slab.cache], ptr);
    else
        kfree(page);
}
