/* SPDX-License-Identifier: MIT */
/*
 * Objects: pages that files and shared mappings have in common; see object.h.
 *
 * A page of an object is PAGE_FILE with page->file pointing back; the object holds one
 * reference. Truncation takes pages out of the index first (page->file.object becomes NULL),
 * then unmaps them from every area: a fault that found such a page earlier looks again under
 * its page-table lock (object_owns) and either is unmapped by the pass that follows or sees
 * that the page is gone.
 *
 * Lock order: map_lock, page tables; `lock` is innermost and is not held while tables are
 * locked.
 */
#include <arch/riscv/uaccess.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <mem/kmap.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

static struct cache *node_cache, *object_cache;

static void *node_alloc(void)
{
    return cache_zalloc(node_cache);
}

static void node_free(void *node)
{
    cache_free(node_cache, node);
}

static const struct radix_ops node_ops = {node_alloc, node_free};

void object_cache_init(void)
{
    node_cache = cache_create("radix node", RADIX_NODE_SIZE);
    object_cache = cache_create("vm object", sizeof(struct vm_object));
}

void object_init(struct vm_object *object, const struct pager_ops *ops, void *owner, u64 size)
{
    *object = (struct vm_object){.count = 1, .ops = ops, .owner = owner, .size = size};
    spin_init(&object->lock, "object");
    mutex_init(&object->map_lock, "object areas");
    radix_init(&object->pages, &node_ops);
    list_init(&object->areas);
}

void object_get(struct vm_object *object)
{
    __atomic_fetch_add(&object->count, 1, __ATOMIC_RELAXED);
}

void object_put(struct vm_object *object)
{
    if (__atomic_sub_fetch(&object->count, 1, __ATOMIC_ACQ_REL) == 0)
        object->ops->destroy(object);
}

/* --- pages --- */

struct page *object_find(struct vm_object *object, u64 index)
{
    spin_lock(&object->lock);
    struct page *page = radix_lookup(&object->pages, index);
    if (page)
        page_get(page);
    spin_unlock(&object->lock);
    return page;
}

/* One page more; false: the quota is used up. */
static bool quota_take(struct page_quota *quota)
{
    if (!quota)
        return true;
    u64 limit = __atomic_load_n(&quota->limit, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&quota->used, 1, __ATOMIC_RELAXED) <= limit)
        return true;
    __atomic_fetch_sub(&quota->used, 1, __ATOMIC_RELAXED);
    return false;
}

static void quota_give(struct page_quota *quota)
{
    if (quota)
        __atomic_fetch_sub(&quota->used, 1, __ATOMIC_RELAXED);
}

int object_insert(struct vm_object *object, u64 index, struct page *page)
{
    if (!quota_take(object->quota))
        return -ENOSPC;
    spin_lock(&object->lock);
    int err = radix_insert(&object->pages, index, page);
    if (err) {
        quota_give(object->quota);
    } else {
        page_get(page);
        page->file.object = object;
        page->file.index = index;
        __atomic_store_n(&object->n_pages, object->n_pages + 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&object->lock);
    return err;
}

int object_find_or_zero(struct vm_object *object, u64 index, struct page **out)
{
    for (;;) {
        *out = object_find(object, index);
        if (*out)
            return 0;
        struct page *page = kalloc(PAGE_FILE, ALLOC_ZERO);
        if (!page)
            return -ENOMEM;
        page->flags |= PG_UPTODATE | (object->owner ? 0 : PG_SHMEM);
        int err = object_insert(object, index, page);
        if (!err) {
            *out = page;
            return 0;
        }
        kfree(page);
        if (err != -EEXIST) /* somebody else was faster: take theirs */
            return err;
    }
}

bool object_owns(const struct vm_object *object, const struct page *page, u64 index)
{
    return page->file.object == object && page->file.index == index;
}

u64 object_next_resident(struct vm_object *object, u64 index)
{
    spin_lock(&object->lock);
    bool found = radix_next(&object->pages, &index);
    spin_unlock(&object->lock);
    return found ? index : UINT64_MAX;
}

/* The first page in [*index, last), taken out of the object; its reference is the caller's. */
static struct page *take_next(struct vm_object *object, u64 *index, u64 last)
{
    spin_lock(&object->lock);
    struct page *page = radix_next(&object->pages, index);
    if (page && *index < last) {
        radix_erase(&object->pages, *index);
        page->file.object = NULL;
        quota_give(object->quota);
        __atomic_store_n(&object->n_pages, object->n_pages - 1, __ATOMIC_RELAXED);
    } else {
        page = NULL;
    }
    spin_unlock(&object->lock);
    return page;
}

/* --- areas --- */

void object_add_area(struct vma *vma)
{
    mutex_lock(&vma->object->map_lock);
    list_add_tail(&vma->object_link, &vma->object->areas);
    mutex_unlock(&vma->object->map_lock);
}

void object_add_area_after(struct vma *vma, struct vma *sibling)
{
    mutex_lock(&vma->object->map_lock);
    list_add(&vma->object_link, &sibling->object_link);
    mutex_unlock(&vma->object->map_lock);
}

void object_remove_area(struct vma *vma)
{
    mutex_lock(&vma->object->map_lock);
    list_del(&vma->object_link);
    mutex_unlock(&vma->object->map_lock);
}

/* Unmaps what one area has of pages [first, last), private copies included as in Linux. */
static void unmap_from_area(struct vma *vma, u64 first, u64 last)
{
    u64 area_last = vma->pgoff + vma_pages(vma);
    struct tlb_gather g;

    if (first >= area_last || last <= vma->pgoff)
        return;
    vaddr_t va = vma->start + ((max(first, vma->pgoff) - vma->pgoff) << PAGE_SHIFT);
    vaddr_t end = vma->start + ((min(last, area_last) - vma->pgoff) << PAGE_SHIFT);

    gather_begin(&g, vma->aspace);
    g.object = vma->object;
    while (va < end) {
        vaddr_t stop = min(align_down(va, pt_span(1)) + pt_span(1), end);
        pte_t *slot = walk_pinned(vma->aspace, va), *table = slot;
        for (; slot && va < stop; va += PAGE_SIZE, slot++) {
            if (!pte_is_none(pte_load(slot)))
                gather_pte(&g, va, pt_empty(slot));
        }
        if (table)
            pt_unlock(table);
        va = stop;
    }
    gather_end(&g);
}

static void unmap_everywhere(struct vm_object *object, u64 first, u64 last)
{
    struct vma *vma;

    mutex_lock(&object->map_lock);
    list_for_each (vma, &object->areas, object_link)
        unmap_from_area(vma, first, last);
    mutex_unlock(&object->map_lock);
}

void object_drop_range(struct vm_object *object, u64 first, u64 last)
{
    struct page *page;

    for (u64 index = first; (page = take_next(object, &index, last)); index++)
        kfree(page);
    unmap_everywhere(object, first, last);
}

static void zero_tail(struct vm_object *object, u64 size)
{
    struct page *page =
        is_aligned(size, PAGE_SIZE) ? NULL : object_find(object, size >> PAGE_SHIFT);

    if (!page)
        return;
    u64 used = size & ~PAGE_MASK;
    memset((char *)page_to_va(page) + used, 0, PAGE_SIZE - used);
    kfree(page);
}

void object_truncate(struct vm_object *object, u64 size)
{
    u64 old = __atomic_exchange_n(&object->size, size, __ATOMIC_SEQ_CST);

    if (size >= old)
        return;
    object_drop_range(object, align_up(size, PAGE_SIZE) >> PAGE_SHIFT, UINT64_MAX);
    zero_tail(object, size);
}

/* --- memory without a store: shared anonymous memory --- */

static bool is_beyond_end(const struct vm_object *object, u64 index)
{
    return index >= object_n_pages(object);
}

static int anon_get_page(struct vm_object *object, u64 index, struct page **out)
{
    if (is_beyond_end(object, index))
        return -ERANGE;
    int err = object_find_or_zero(object, index, out);
    if (err || likely(!is_beyond_end(object, index)))
        return err;
    /* truncated meanwhile, and the page may have come too late to be taken out again: it stays,
     * all zero, until the file ends or grows over it */
    kfree(*out);
    *out = NULL;
    return -ERANGE;
}

static void anon_destroy(struct vm_object *object)
{
    object_drop_range(object, 0, UINT64_MAX);
    cache_free(object_cache, object);
}

static const struct pager_ops anon_ops = {
    .get_page = anon_get_page,
    .destroy = anon_destroy,
};

int object_create_anon(u64 size, struct vm_object **out)
{
    struct vm_object *object = cache_alloc(object_cache);

    if (!object)
        return -ENOMEM;
    object_init(object, &anon_ops, NULL, size);
    *out = object;
    return 0;
}
