/* SPDX-License-Identifier: MIT */
/* System calls: the address space. The work is in vm/. */
#include <linux/syscall.h>

#include <arch/riscv/page.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <proc/proc.h>
#include <vfs/fdtable.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/mmap.h>
#include <vm/uaccess.h>

#define PROT_KNOWN (PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)

long sys_brk(u64 brk)
{
    return (long)vm_brk(current->aspace, brk);
}

/* Flags that only some callers may use, or that we do not have. */
static int mmap_check(const struct vm_map_request *req)
{
    u32 type = req->flags & MAP_TYPE;

    if (req->offset % PAGE_SIZE)
        return -EINVAL;
    if (req->length == 0)
        return -EINVAL;
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    return 0;
}

static long mmap_file(struct vm_map_request *req, int fd)
{
    struct file *file = fd_get(fd);
    vaddr_t at;
    int err;

    if (!file)
        return -EBADF;
    err = mmap_check(req);
    if (!err)
        err = vfs_mmap_request(file, req);
    if (!err && (req->prot & ~req->max_prot & PROT_KNOWN))
        err = -EACCES;
    if (!err)
        err = vm_mmap(current->aspace, req, &at);
    file_put(file);
    return err ? err : (long)at;
}

long sys_mmap(u64 addr, u64 length, u64 prot, u64 flags, u64 fd, u64 offset)
{
    struct vm_map_request req = {
        .addr = addr,
        .length = length,
        .prot = (u32)prot & PROT_KNOWN & ~(u32)PROT_SEM,
        .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
        .flags = (u32)flags,
        .offset = offset,
    };
    vaddr_t at;
    int err;

    if (offset % PAGE_SIZE)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS))
        return mmap_file(&req, (int)fd);
    req.offset = 0;
    err = mmap_check(&req);
    if (!err)
        err = vm_mmap(current->aspace, &req, &at);
    return err ? err : (long)at;
}

long sys_munmap(u64 addr, u64 length)
{
    return vm_munmap(current->aspace, addr, length);
}

/* PROT_GROWSDOWN: down to the beginning of a mapping that grows down. */
static int extend_down(u64 *addr, u64 *length)
{
    struct aspace *as = current->aspace;
    struct vma *vma;
    int err = 0;

    rw_read_lock(&as->lock);
    vma = vma_find(as, *addr);
    if (!vma || vma->start >= *addr + *length) {
        err = -ENOMEM;
    } else if (!(vma->flags & VMA_GROWSDOWN)) {
        err = -EINVAL;
    } else {
        *length += *addr - min(vma->start, *addr);
        *addr = min(vma->start, *addr);
    }
    rw_read_unlock(&as->lock);
    return err;
}

long sys_mprotect(u64 addr, u64 length, u64 prot)
{
    if (prot & ~(u64)(PROT_KNOWN | PROT_GROWSDOWN))
        return -EINVAL; /* PROT_GROWSUP: nothing grows up here */
    if (addr % PAGE_SIZE)
        return -EINVAL;
    if ((prot & PROT_GROWSDOWN) && length) {
        int err = extend_down(&addr, &length);
        if (err)
            return err;
    }
    return vm_mprotect(current->aspace, addr, length,
                       (u32)prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

long sys_mremap(u64 old, u64 old_length, u64 new_length, u64 flags, u64 new_addr)
{
    vaddr_t at;
    int err =
        vm_mremap(current->aspace, old, old_length, new_length, (u32)flags, new_addr, &at);

    return err ? err : (long)at;
}

long sys_madvise(u64 addr, u64 length, u64 advice)
{
    return vm_madvise(current->aspace, addr, length, (int)advice);
}

long sys_msync(u64 addr, u64 length, u64 flags)
{
    return vm_msync(current->aspace, addr, length, (int)flags);
}

/* One frame of answers at a time. */
long sys_mincore(u64 addr, u64 length, u64 vec)
{
    u64 pages = align_up(length, PAGE_SIZE) >> PAGE_SHIFT;
    struct page *frame;
    int err = 0;

    if (addr % PAGE_SIZE)
        return -EINVAL;
    if (length > USER_END || addr > USER_END - length)
        return -ENOMEM;
    frame = kalloc(PAGE_KERNEL, 0);
    if (!frame)
        return -EAGAIN;
    while (pages > 0 && !err) {
        u64 n = min(pages, PAGE_SIZE);

        err = vm_mincore(current->aspace, addr, n << PAGE_SHIFT, page_to_va(frame));
        if (!err)
            err = copyout(vec, page_to_va(frame), n);
        addr += n << PAGE_SHIFT;
        vec += n;
        pages -= n;
    }
    kfree(frame);
    return err;
}

long sys_mlock(u64 addr, u64 length)
{
    return vm_mlock(current->aspace, addr, length, true);
}

long sys_mlock2(u64 addr, u64 length, u64 flags)
{
    if (flags & ~(u64)MLOCK_ONFAULT)
        return -EINVAL;
    return vm_mlock(current->aspace, addr, length, true);
}

long sys_munlock(u64 addr, u64 length)
{
    return vm_mlock(current->aspace, addr, length, false);
}

long sys_mlockall(u64 flags)
{
    if (!flags || (flags & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
        flags == MCL_ONFAULT)
        return -EINVAL;
    if (!cred_is_root(current->cred) && proc_limit(RLIMIT_MEMLOCK) == 0)
        return -EPERM;
    return 0;
}

long sys_munlockall(void)
{
    return 0;
}
