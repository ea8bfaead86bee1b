/* SPDX-License-Identifier: MIT */
/*
 * exec, the strings: from the old address space into the kernel, from there onto the new stack.
 *
 *   stack top   8 bytes of zero
 *               the program's file name (AT_EXECFN)
 *               environment strings
 *               argument strings
 *               16 random bytes
 *               auxiliary vector
 *               envp[] NULL
 *               argv[] NULL
 *   sp →        argc                               (16-byte aligned)
 *
 * Limits as execve(2): one string 128 KiB; all together, pointers included, a quarter of the
 * stack limit but not more than 6 MiB and not less than 128 KiB.
 */
#include <proc/exec_internal.h>

#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <dev/random.h>
#include <lib/string.h>
#include <linux/auxvec.h>
#include <asm/auxvec.h>
#include <linux/errno.h>
#include <linux/resource.h>
#include <mem/page.h>
#include <mem/kmap.h>
#include <proc/internal.h>
#include <vfs/cred.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

#define STRING_MAX  (128 * KiB)
#define STRINGS_MIN (128 * KiB)
#define STRINGS_MAX (6 * MiB)
#define AUXV_WORDS  38

/* --- collecting --- */

void arg_strings_free(struct arg_strings *s)
{
    while (s->first) {
        struct arg_page *page = s->first;

        s->first = page->next;
        kfree(pa_to_page(va_to_pa(page)));
    }
    s->last = NULL;
}

/* Room in the last page, or a new one. NULL: no memory. */
static struct arg_page *page_with_room(struct arg_strings *s)
{
    struct arg_page *page = s->last;
    struct page *frame;

    if (page && page->used < sizeof(page->data))
        return page;
    frame = kalloc(PAGE_KERNEL, 0);
    if (!frame)
        return NULL;
    page = page_to_va(frame);
    page->next = NULL;
    page->used = 0;
    if (s->last)
        s->last->next = page;
    else
        s->first = page;
    s->last = page;
    return page;
}

static int account(struct arg_strings *s, u64 bytes)
{
    s->bytes += bytes;
    return s->bytes > s->bytes_max ? -E2BIG : 0;
}

static int add_kernel_string(struct arg_strings *s, const char *text)
{
    size_t left = strlen(text) + 1;

    while (left > 0) {
        struct arg_page *page = page_with_room(s);
        size_t n;

        if (!page)
            return -ENOMEM;
        n = min(left, sizeof(page->data) - page->used);
        memcpy(page->data + page->used, text, n);
        page->used += n;
        text += n;
        left -= n;
        s->bytes += n;
    }
    return account(s, 0);
}

static int add_user_string(struct arg_strings *s, vaddr_t from)
{
    u64 done = 0;

    while (done < STRING_MAX) {
        struct arg_page *page = page_with_room(s);
        size_t room;
        s64 n;

        if (!page)
            return -ENOMEM;
        room = sizeof(page->data) - page->used;
        n = copyin_str(page->data + page->used, from + done, room);
        if (n >= 0) {
            page->used += n + 1;
            return account(s, n + 1);
        }
        if (n != -ENAMETOOLONG)
            return (int)n;
        page->used += room;
        done += room;
        if (account(s, room))
            return -E2BIG;
    }
    return -E2BIG;
}

/* Adds the strings of a user's array, without the first `skip`. Counts them all in *count. */
static int add_user_array(struct arg_strings *s, vaddr_t array, u32 skip, u32 *count)
{
    u64 pointers[16];
    int err = 0;

    for (u32 n = 0; array; n += ARRAY_SIZE(pointers)) {
        u32 got = copyin_some(pointers, array + n * 8UL, sizeof(pointers)) / 8;

        for (u32 i = 0; i < got; i++) {
            if (!pointers[i])
                return 0;
            if (n + i < skip)
                continue;
            err = add_user_string(s, pointers[i]);
            if (!err)
                err = account(s, 8);
            if (err)
                return err;
            ++*count;
        }
        if (got < ARRAY_SIZE(pointers))
            return -EFAULT;
    }
    return 0;
}

static int add_kernel_array(struct arg_strings *s, const char *const *array, u32 skip,
                            u32 *count)
{
    int err = 0;

    for (u32 i = 0; !err && array[i]; i++) {
        if (i < skip)
            continue;
        err = add_kernel_string(s, array[i]);
        ++*count;
    }
    return err;
}

static int add_array(struct exec *x, bool is_env, u32 skip, u32 *count)
{
    const struct arg_source *from = &x->source;
    const char *const *kernel = is_env ? from->kernel_envp : from->kernel_argv;

    if (kernel)
        return add_kernel_array(&x->strings, kernel, skip, count);
    return add_user_array(&x->strings, is_env ? from->envp : from->argv, skip, count);
}

static int add_prefix(struct exec *x)
{
    const char *p = x->prefix;
    int err = 0;

    for (u32 i = 0; !err && i < x->n_prefix; i++) {
        err = add_kernel_string(&x->strings, p);
        p += strlen(p) + 1;
        x->strings.n_args++;
    }
    return err;
}

int exec_copy_strings(struct exec *x)
{
    struct arg_strings *s = &x->strings;
    u64 limit = proc_limit(RLIMIT_STACK) / 4;
    int err = 0;

    s->bytes_max = max(min(limit, STRINGS_MAX), STRINGS_MIN);
    err = add_prefix(x);
    if (!err)
        err = add_array(x, false, x->n_prefix ? 1 : 0, &s->n_args);
    if (!err && s->n_args == 0) { /* nobody gets by without a name: execve(2) */
        err = add_kernel_string(s, "");
        s->n_args = 1;
    }
    if (!err)
        err = add_array(x, true, 0, &s->n_envs);
    if (!err)
        err = add_kernel_string(s, x->path);
    return err;
}

/* --- the new stack --- */

/* A row of 64-bit words on its way to user memory. */
struct word_writer {
    vaddr_t to;
    u32 n;
    int err;
    u64 words[64];
};

static void word_flush(struct word_writer *w)
{
    if (!w->err && w->n)
        w->err = copyout(w->to, w->words, w->n * 8UL);
    w->to += w->n * 8UL;
    w->n = 0;
}

static void word_put(struct word_writer *w, u64 word)
{
    if (w->n == ARRAY_SIZE(w->words))
        word_flush(w);
    w->words[w->n++] = word;
}

/* Walks over the collected strings. */
struct string_cursor {
    const struct arg_page *page;
    u32 offset;
    vaddr_t at; /* where this one is on the new stack */
};

static void cursor_skip_string(struct string_cursor *c)
{
    for (;;) {
        const char *from = c->page->data + c->offset;
        u32 left = c->page->used - c->offset;
        u32 n = (u32)strnlen(from, left);
        bool ended = n < left;

        n += ended;
        c->at += n;
        c->offset += n;
        if (c->offset == c->page->used && c->page->next) {
            c->page = c->page->next;
            c->offset = 0;
        }
        if (ended)
            return;
    }
}

static void put_pointers(struct word_writer *w, struct string_cursor *c, u32 n)
{
    while (n-- > 0) {
        word_put(w, c->at);
        cursor_skip_string(c);
    }
    word_put(w, 0);
}

static void aux_put(u64 **to, u64 type, u64 value)
{
    (*to)[0] = type;
    (*to)[1] = value;
    *to += 2;
}

/* Fills aspace->auxv, which /proc shows too. */
static void auxv_make(struct exec *x, vaddr_t random, vaddr_t execfn)
{
    const struct cred *cred = x->cred ? x->cred : current->cred;
    u64 *a = x->aspace->auxv;

    static_assert(AUXV_WORDS <= ARRAY_SIZE(x->aspace->auxv), "auxv");
    aux_put(&a, AT_SYSINFO_EHDR, x->vdso);
    aux_put(&a, AT_HWCAP, machine.hwcap);
    aux_put(&a, AT_PAGESZ, PAGE_SIZE);
    aux_put(&a, AT_CLKTCK, 100);
    aux_put(&a, AT_PHDR, x->elf.phdr_vaddr ? x->elf.phdr_vaddr + x->bias : 0);
    aux_put(&a, AT_PHENT, 56);
    aux_put(&a, AT_PHNUM, x->elf.phnum);
    aux_put(&a, AT_BASE, x->interp_file ? x->interp_bias + x->interp.low : 0);
    aux_put(&a, AT_FLAGS, 0);
    aux_put(&a, AT_ENTRY, x->elf.entry + x->bias);
    aux_put(&a, AT_UID, cred->uid);
    aux_put(&a, AT_EUID, cred->euid);
    aux_put(&a, AT_GID, cred->gid);
    aux_put(&a, AT_EGID, cred->egid);
    aux_put(&a, AT_SECURE, x->is_secure);
    aux_put(&a, AT_RANDOM, random);
    aux_put(&a, AT_EXECFN, execfn);
    aux_put(&a, AT_MINSIGSTKSZ, SIGFRAME_SIZE);
    aux_put(&a, AT_NULL, 0);
    assert(a - x->aspace->auxv == AUXV_WORDS);
}

static int write_strings(const struct arg_strings *s, vaddr_t to)
{
    for (const struct arg_page *page = s->first; page; page = page->next) {
        if (copyout(to, page->data, page->used))
            return -EFAULT;
        to += page->used;
    }
    return 0;
}

static u64 strings_size(const struct arg_strings *s)
{
    u64 n = 0;

    for (const struct arg_page *page = s->first; page; page = page->next)
        n += page->used;
    return n;
}

int exec_build_stack(struct exec *x)
{
    const struct arg_strings *s = &x->strings;
    struct aspace *as = x->aspace;
    vaddr_t strings = x->stack_top - 8 - strings_size(s);
    vaddr_t random = align_down(strings - 16, 16UL);
    u64 n_words = 1 + s->n_args + 1 + s->n_envs + 1 + AUXV_WORDS;
    struct string_cursor c = {s->first, 0, strings};
    struct word_writer w = {.to = align_down(random - n_words * 8, 16UL)};
    u8 seed[16];

    x->sp = w.to;
    random_bytes(seed, sizeof(seed));
    if (write_strings(s, strings) || copyout(random, seed, sizeof(seed)))
        return -ENOMEM;
    word_put(&w, s->n_args);
    as->arg_start = c.at;
    put_pointers(&w, &c, s->n_args);
    as->arg_end = as->env_start = c.at;
    put_pointers(&w, &c, s->n_envs);
    as->env_end = c.at;
    word_flush(&w);
    auxv_make(x, random, c.at);
    return w.err || copyout(w.to, as->auxv, AUXV_WORDS * 8) ? -ENOMEM : 0;
}
