/* SPDX-License-Identifier: MIT */
/*
 * The vDSO in the kernel: two objects shared by all processes, the image and the page of data
 * before it.
 *
 * Locks: none; set up at boot. The data page's one changing word is atomic.
 */
#include <proc/internal.h>

#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <proc/vdso.h>
#include <proc/vvar.h>
#include <vm/aspace.h>
#include <vm/mmap.h>
#include <vm/object.h>

static struct vm_object *image, *data;
static u64 image_size, sigreturn_offset;
static struct vvar *vvar;

static struct vm_object *object_make(u64 size, const void *content, u64 n)
{
    struct vm_object *object;
    int err = object_create_anon(size, &object);

    for (u64 at = 0; !err && at < size; at += PAGE_SIZE) {
        struct page *page;

        err = object_find_or_zero(object, at >> PAGE_SHIFT, &page);
        if (err)
            break;
        if (at < n)
            memcpy(page_to_va(page), (const u8 *)content + at, min(n - at, PAGE_SIZE));
        kfree(page); /* the object keeps it */
    }
    if (err)
        panic("no memory for the vDSO");
    return object;
}

void vdso_init(void)
{
    u64 n = (u64)(vdso_image_end - vdso_image);
    const Elf64_Ehdr *header = (const void *)vdso_image;
    struct page *page;

    image_size = align_up(n, PAGE_SIZE);
    assert(image_size + 2 * PAGE_SIZE <= VDSO_ROOM);
    sigreturn_offset = header->e_entry;
    image = object_make(image_size, vdso_image, n);
    data = object_make(PAGE_SIZE, NULL, 0);
    page = object_find(data, 0);
    vvar = page_to_va(page);
    kfree(page); /* the object keeps it, and is never put */
    vvar->mult = time_ns_mult;
    vvar->boot_ticks = time_boot_ticks();
    vdso_update_clock();
}

void vdso_update_clock(void)
{
    __atomic_store_n(&vvar->realtime_offset, clock_realtime() - clock_monotonic(),
                     __ATOMIC_RELAXED);
}

static int map_at(struct aspace *as, struct vm_object *object, vaddr_t at, u64 size, u32 prot)
{
    struct vm_map_request req = {
        .addr = at,
        .length = size,
        .prot = prot,
        .max_prot = prot,
        .flags = MAP_SHARED | MAP_FIXED,
        .vma_flags = VMA_SPECIAL,
        .object = object,
    };

    return vm_mmap(as, &req, &at);
}

int vdso_map(struct aspace *as, vaddr_t *base)
{
    vaddr_t at = as->stack_top + PAGE_SIZE;
    int err = map_at(as, data, at, PAGE_SIZE, PROT_READ);

    if (!err)
        err = map_at(as, image, at + PAGE_SIZE, image_size, PROT_READ | PROT_EXEC);
    *base = at + PAGE_SIZE;
    return err;
}

/* The first pair of the auxiliary vector is AT_SYSINFO_EHDR. */
vaddr_t vdso_sigreturn(const struct aspace *as)
{
    return as->auxv[1] + sigreturn_offset;
}
