/* SPDX-License-Identifier: MIT */
/*
 * Areas: finding, splitting, joining; see vma.h.
 *
 * Each address space keeps its areas in one tree by address. The page counts of the address
 * space (total, data, stack, ...) follow in vma_link and vma_unlink and wherever a boundary
 * moves.
 *
 * Boundaries of an area that maps an object change under object->map_lock too, because
 * truncation reads them without as->lock.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <vm/internal.h>
#include <vm/mmap.h>

static struct cache *vma_cache;

void vma_init(void)
{
    vma_cache = cache_create("vma", sizeof(struct vma));
}

struct vma *vma_create(struct aspace *as, vaddr_t start, vaddr_t end)
{
    assert(is_aligned(start, PAGE_SIZE) && is_aligned(end, PAGE_SIZE) && start < end);
    struct vma *vma = cache_zalloc(vma_cache);
    if (!vma)
        return NULL;
    vma->aspace = as;
    vma->start = start;
    vma->end = end;
    list_init(&vma->object_link);
    return vma;
}

void vma_destroy(struct vma *vma)
{
    if (vma->object)
        object_put(vma->object);
    if (vma->file)
        vm_file_ops.put(vma->file);
    cache_free(vma_cache, vma);
}

struct vma *vma_dup(const struct vma *from, struct aspace *as)
{
    struct vma *vma = cache_alloc(vma_cache);

    if (!vma)
        return NULL;
    *vma = *from;
    vma->aspace = as;
    list_init(&vma->object_link);
    if (vma->object)
        object_get(vma->object);
    if (vma->file)
        vm_file_ops.get(vma->file);
    return vma;
}

/* Adds (or, negative, takes off) pages of this area's kind. */
static void account(const struct vma *vma, s64 pages)
{
    struct aspace *as = vma->aspace;

    as->total_pages += pages;
    as->peak_total_pages = max(as->peak_total_pages, as->total_pages);
    if (vma->flags & VMA_GROWSDOWN)
        as->stack_pages += pages;
    else if (vma_is_cow(vma))
        as->data_pages += pages;
    else if (vma->object && (vma->prot & PROT_EXEC))
        as->exec_pages += pages;
    if (vma->flags & VMA_LOCKED)
        as->locked_pages += pages;
}

static bool vma_less(const struct rb_node *a, const struct rb_node *b)
{
    return container_of(a, struct vma, node)->start < container_of(b, struct vma, node)->start;
}

static void tree_insert(struct vma *vma)
{
    struct aspace *as = vma->aspace;

    assert(rw_is_held_write(&as->lock));
    assert(!vma_find_overlap(as, vma->start, vma->end));
    rb_insert(&as->areas, &vma->node, vma_less);
    as->n_areas++;
    account(vma, vma_pages(vma));
}

void vma_link(struct vma *vma)
{
    tree_insert(vma);
    if (vma->object)
        object_add_area(vma);
}

void vma_link_copy(struct vma *vma, struct vma *from)
{
    tree_insert(vma);
    if (vma->object)
        object_add_area_after(vma, from);
}

void vma_unlink(struct vma *vma)
{
    struct aspace *as = vma->aspace;

    if (vma->object)
        object_remove_area(vma);
    rb_erase(&as->areas, &vma->node);
    as->n_areas--;
    account(vma, -(s64)vma_pages(vma));
    as->hint = NULL;
}

static struct vma *vma_of(struct rb_node *node)
{
    return node ? container_of(node, struct vma, node) : NULL;
}

struct vma *vma_next(struct vma *vma)
{
    return vma_of(rb_next(&vma->node));
}

struct vma *vma_prev(struct vma *vma)
{
    return vma_of(rb_prev(&vma->node));
}

struct vma *vma_find(struct aspace *as, vaddr_t va)
{
    /* most faults hit the area of the last one */
    struct vma *found = __atomic_load_n(&as->hint, __ATOMIC_RELAXED);
    if (found && va >= found->start && va < found->end)
        return found;

    found = NULL;
    for (struct rb_node *node = as->areas.top; node;) {
        struct vma *vma = container_of(node, struct vma, node);
        if (va < vma->end) {
            found = vma;
            if (va >= vma->start)
                break;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    __atomic_store_n(&as->hint, found, __ATOMIC_RELAXED);
    return found;
}

struct vma *vma_find_overlap(struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct vma *vma = vma_find(as, start);

    return vma && vma->start < end ? vma : NULL;
}

static void boundaries_lock(struct vma *vma)
{
    if (vma->object)
        mutex_lock(&vma->object->map_lock);
}

static void boundaries_unlock(struct vma *vma)
{
    if (vma->object)
        mutex_unlock(&vma->object->map_lock);
}

void vma_set_start(struct vma *vma, vaddr_t start)
{
    s64 grown = (s64)(vma->start - start) / (s64)PAGE_SIZE;

    boundaries_lock(vma);
    vma->start = start;
    vma->pgoff -= grown;
    boundaries_unlock(vma);
    account(vma, grown);
}

void vma_set_end(struct vma *vma, vaddr_t end)
{
    s64 grown = (s64)(end - vma->end) / (s64)PAGE_SIZE;

    boundaries_lock(vma);
    vma->end = end;
    boundaries_unlock(vma);
    account(vma, grown);
}

void vma_set_prot(struct vma *vma, u32 prot)
{
    account(vma, -(s64)vma_pages(vma));
    vma->prot = prot;
    account(vma, vma_pages(vma));
}

void vma_set_flags(struct vma *vma, u32 set, u32 clear)
{
    account(vma, -(s64)vma_pages(vma));
    vma->flags = (vma->flags & ~clear) | set;
    account(vma, vma_pages(vma));
}

int vma_split_at(struct aspace *as, vaddr_t addr)
{
    struct vma *low = vma_find(as, addr);

    if (!low || low->start >= addr)
        return 0;
    if (as->n_areas >= MAX_AREAS)
        return -ENOMEM;
    struct vma *high = vma_dup(low, as);
    if (!high)
        return -ENOMEM;
    high->start = addr;
    high->pgoff = vma_index(low, addr);
    vma_set_end(low, addr);
    vma_link(high);
    return 0;
}

int vma_isolate(struct aspace *as, vaddr_t start, vaddr_t end)
{
    int err = vma_split_at(as, start);

    return err ? err : vma_split_at(as, end);
}

/* --- fork and exit: all of them --- */

struct copying {
    struct aspace *child;
    bool has_dontfork;
};

static struct rb_node *copy_node(struct rb_node *node, void *arg)
{
    struct copying *copying = arg;
    struct vma *from = vma_of(node), *vma = vma_dup(from, copying->child);

    if (!vma)
        return NULL;
    copying->has_dontfork |= from->flags & VMA_DONTFORK;
    vma->flags &= ~VMA_LOCKED; /* mlock(2): locks are not inherited */
    if (vma->object)
        object_add_area_after(vma, from);
    else if (!vma_is_inherited(from))
        vma->aspace->rss[RSS_ANON] -= vma_anon_pages(from);
    return &vma->node;
}

static void drop_not_forked(struct aspace *as)
{
    struct vma *vma, *next;

    for (vma = vma_of(rb_first(&as->areas)); vma; vma = next) {
        next = vma_next(vma);
        if (!(vma->flags & VMA_DONTFORK))
            continue;
        vma_unlink(vma);
        vma_destroy(vma);
    }
}

int vma_copy_all(struct aspace *parent, struct aspace *child)
{
    struct copying copying = {.child = child};

    child->rss[RSS_ANON] = parent->rss[RSS_ANON];
    if (!rb_clone(&child->areas, &parent->areas, copy_node, &copying))
        return -ENOMEM;
    child->n_areas = parent->n_areas;
    child->total_pages = child->peak_total_pages = parent->total_pages;
    child->data_pages = parent->data_pages;
    child->stack_pages = parent->stack_pages;
    child->exec_pages = parent->exec_pages;
    if (copying.has_dontfork) /* a tree in the parent's shape has had to have them at first */
        drop_not_forked(child);
    return 0;
}

void vma_destroy_all(struct aspace *as)
{
    struct rb_node *next;

    for (struct rb_node *node = rb_first_postorder(&as->areas); node; node = next) {
        next = rb_next_postorder(node);
        vma_destroy(vma_of(node));
    }
    as->areas.top = NULL;
}

static bool may_join(const struct vma *low, const struct vma *high)
{
    if (low->end != high->start || low->prot != high->prot || low->max_prot != high->max_prot ||
        low->flags != high->flags || low->object != high->object || low->file != high->file)
        return false;
    if (low->flags & VMA_SPECIAL)
        return false;
    return !low->object || vma_index(low, low->end) == high->pgoff;
}

struct vma *vma_merge(struct vma *vma)
{
    struct vma *low = vma_prev(vma), *high = vma_next(vma);

    if (low && may_join(low, vma)) {
        vaddr_t end = vma->end;
        vma_unlink(vma);
        vma_set_end(low, end);
        low->has_copies |= vma->has_copies;
        vma_destroy(vma);
        vma = low;
    }
    if (high && may_join(vma, high)) {
        vaddr_t end = high->end;
        vma_unlink(high);
        vma_set_end(vma, end);
        vma->has_copies |= high->has_copies;
        vma_destroy(high);
    }
    return vma;
}

void vma_merge_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct vma *vma = vma_find(as, start);

    for (; vma && vma->start <= end; vma = vma_next(vma))
        vma = vma_merge(vma);
}

#define ANY (PTE_V | PTE_U | PTE_A)

const u16 pte_bits_of_prot[8] = {
    [PROT_READ] = ANY | PTE_R,
    [PROT_WRITE] = ANY | PTE_R | PTE_W | PTE_D, /* W without R is reserved */
    [PROT_READ | PROT_WRITE] = ANY | PTE_R | PTE_W | PTE_D,
    [PROT_EXEC] = ANY | PTE_X,
    [PROT_READ | PROT_EXEC] = ANY | PTE_R | PTE_X,
    [PROT_WRITE | PROT_EXEC] = ANY | PTE_R | PTE_W | PTE_D | PTE_X,
    [PROT_READ | PROT_WRITE | PROT_EXEC] = ANY | PTE_R | PTE_W | PTE_D | PTE_X,
};
