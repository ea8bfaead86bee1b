/* SPDX-License-Identifier: MIT */
/*
 * exec, the mappings: segments of the program and of its interpreter, stack, vDSO.
 *
 * Nothing of the program is read here: segments are private mappings of the file's pages, and
 * the first touch brings each page in. The one page that is written is the last one of a
 * segment with bss: the bytes behind the file's part are zeroed, so that nobody finds the
 * file's next bytes there.
 */
#include <proc/exec_internal.h>

#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <proc/internal.h>
#include <proc/vdso.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/mmap.h>
#include <vm/uaccess.h>

#define PIE_BASE \
    0x2aaaaaa000UL /* two thirds of the address space, as Linux without randomization */
/* The stack and, above it, the vDSO have the topmost GiB to themselves: the page tables that fork copies
 * there are few, and those of mappings below can be shared whole. */
#define STACK_TOP     (USER_END - VDSO_ROOM)
#define STACK_INITIAL (128 * KiB) /* mapped at first; it grows */
#define STACK_GAP_MIN (128 * MiB) /* kept free of other mappings */
#define STACK_GAP_MAX (64 * GiB)

static u32 segment_prot(const struct elf_segment *s)
{
    return (s->flags & PF_R ? PROT_READ : 0) | (s->flags & PF_W ? PROT_WRITE : 0) |
           (s->flags & PF_X ? PROT_EXEC : 0);
}

static int map_anonymous(struct aspace *as, vaddr_t start, vaddr_t end, u32 prot)
{
    struct vm_map_request req = {
        .addr = start,
        .length = end - start,
        .prot = prot,
        .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
    };
    vaddr_t at;

    return start < end ? vm_mmap(as, &req, &at) : 0;
}

static int map_file_part(struct aspace *as, struct file *file, const struct elf_segment *s,
                         vaddr_t start, u32 prot)
{
    vaddr_t page = align_down(start, PAGE_SIZE);
    struct vm_map_request req = {
        .addr = page,
        .length = start + s->filesz - page,
        .prot = prot,
        .flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE,
        .offset = align_down(s->offset, PAGE_SIZE),
    };
    vaddr_t at;
    int err = vfs_mmap_request(file, &req);

    return err ? err : vm_mmap(as, &req, &at);
}

/* Zeroes [from, to) of a page that the file filled; a segment that may not be written is
 * opened for as long as that takes. */
static int zero_tail(struct aspace *as, vaddr_t from, vaddr_t to, u32 prot)
{
    vaddr_t page = align_down(from, PAGE_SIZE);
    int err = 0;

    if (!(prot & PROT_WRITE))
        err = vm_mprotect(as, page, PAGE_SIZE, prot | PROT_READ | PROT_WRITE);
    if (!err)
        err = clearout(from, to - from);
    if (!err && !(prot & PROT_WRITE))
        err = vm_mprotect(as, page, PAGE_SIZE, prot);
    return err;
}

static int map_segment(struct aspace *as, struct file *file, const struct elf_segment *s,
                       u64 bias)
{
    vaddr_t start = s->vaddr + bias;
    vaddr_t file_end = start + s->filesz, end = start + s->memsz;
    vaddr_t bss = s->filesz ? align_up(file_end, PAGE_SIZE) : align_down(start, PAGE_SIZE);
    u32 prot = segment_prot(s);
    int err = 0;

    if (s->filesz)
        err = map_file_part(as, file, s, start, prot);
    if (!err && s->filesz && file_end < end && file_end < bss)
        err = zero_tail(as, file_end, bss, prot);
    if (!err)
        err = map_anonymous(as, bss, align_up(end, PAGE_SIZE), prot);
    return err == -EFAULT ? -ENOEXEC : err;
}

static int map_image(struct aspace *as, struct file *file, const struct elf_image *elf,
                     u64 bias)
{
    for (unsigned i = 0; i < elf->n_segments; i++) {
        int err = map_segment(as, file, &elf->segments[i], bias);
        if (err)
            return err == -EEXIST ? -ENOEXEC : err;
    }
    return 0;
}

/* --- the program interpreter of dynamic executables --- */

static int interp_find(struct exec *x)
{
    char path[256];
    s64 n;
    int err;

    if (x->elf.interp_size < 2 || x->elf.interp_size > sizeof(path))
        return -ENOEXEC;
    n = vfs_read_kernel(x->file, path, x->elf.interp_size, x->elf.interp_offset);
    if (n != (s64)x->elf.interp_size || path[n - 1])
        return n < 0 ? (int)n : -ENOEXEC;
    err = vfs_open_exec(AT_FDCWD, path, 0, &x->interp_file);
    if (err)
        return err;
    n = exec_read_header(x, x->interp_file);
    if (n < 0)
        return (int)n;
    return elf_check(x->header, n, &x->interp) ? -ELIBBAD : 0;
}

/* A place for the whole interpreter, below the other mappings. */
static int interp_place(struct exec *x)
{
    struct vm_map_request req = {
        .length = x->interp.high - x->interp.low,
        .prot = PROT_NONE,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
    };
    vaddr_t at;
    int err;

    if (x->interp.type != ET_DYN)
        return 0;
    err = vm_mmap(x->aspace, &req, &at);
    if (err)
        return err;
    x->interp_bias = at - x->interp.low;
    return vm_munmap(x->aspace, at, req.length);
}

static int interp_load(struct exec *x)
{
    int err = interp_find(x);

    if (!err)
        err = interp_place(x);
    if (!err)
        err = map_image(x->aspace, x->interp_file, &x->interp, x->interp_bias);
    if (!err)
        x->entry = x->interp.entry + x->interp_bias;
    return err;
}

/* --- stack --- */

static int stack_map(struct exec *x)
{
    struct aspace *as = x->aspace;
    u64 limit = max(as->limit_stack, 1UL * PAGE_SIZE);
    u64 size = min(align_down(limit, PAGE_SIZE), STACK_INITIAL);
    u64 gap = min(max(limit, STACK_GAP_MIN), STACK_GAP_MAX);
    u32 prot = PROT_READ | PROT_WRITE;
    vaddr_t at;

    if (!x->elf.has_stack_flags || x->elf.exec_stack)
        prot |= PROT_EXEC;
    /* what the strings need must fit from the start */
    size = max(size, align_up(x->strings.bytes, PAGE_SIZE) + 16 * PAGE_SIZE +
                         align_up(8 * (x->strings.n_args + x->strings.n_envs + 2), PAGE_SIZE));
    struct vm_map_request req = {
        .addr = STACK_TOP - size,
        .length = size,
        .prot = prot,
        .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN,
        .vma_flags = VMA_STACK | VMA_GROWSDOWN,
    };
    as->stack_top = x->stack_top = STACK_TOP;
    as->mmap_top = align_down(STACK_TOP - gap, GiB);
    return vm_mmap(as, &req, &at);
}

static void describe_image(struct exec *x)
{
    struct aspace *as = x->aspace;
    const struct elf_image *elf = &x->elf;
    const struct elf_segment *last = &elf->segments[elf->n_segments - 1];

    for (unsigned i = 0; i < elf->n_segments; i++) {
        const struct elf_segment *s = &elf->segments[i];

        if ((s->flags & PF_X) && !as->code_end) {
            as->code_start = s->vaddr + x->bias;
            as->code_end = as->code_start + s->filesz;
        } else if (s->flags & PF_W) {
            as->data_start = s->vaddr + x->bias;
            as->data_end = as->data_start + s->filesz;
        }
    }
    as->brk_start = as->brk = align_up(last->vaddr + last->memsz + x->bias, PAGE_SIZE);
}

int exec_load(struct exec *x)
{
    int err = stack_map(x);

    if (x->elf.type == ET_DYN)
        x->bias = PIE_BASE - x->elf.low;
    x->entry = x->elf.entry + x->bias;
    if (!err)
        err = map_image(x->aspace, x->file, &x->elf, x->bias);
    if (err)
        return err;
    describe_image(x);
    err = vdso_map(x->aspace, &x->vdso);
    if (!err && x->elf.interp_size)
        err = interp_load(x);
    return err;
}
