/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a read or write come from or go to: one kernel buffer, or a vector of user
 * buffers. File systems and drivers only see this, so that read, readv, pread, sendfile and
 * exec share one path.
 */
#pragma once

#include <lib/types.h>

struct iovec;

struct iobuf {
    bool is_user;
    size_t left;             /* bytes not yet moved */
    void *kernel;            /* next byte, when !is_user */
    const struct iovec *vec; /* current element (a kernel copy of the user's vector) */
    size_t vec_offset;       /* bytes of *vec already moved */
};

void iobuf_init_kernel(struct iobuf *b, void *buf, size_t n);
/* `vec` must outlive b; a single user buffer is a vector of one. */
void iobuf_init_user(struct iobuf *b, const struct iovec *vec, size_t total);
/* Move up to n bytes (n <= left) to or from the buffer. Returns bytes moved; fewer: a bad user
 * address. */
size_t iobuf_put(struct iobuf *b, const void *src,
                 size_t n);                              /* kernel data -> reader's buffer */
size_t iobuf_take(struct iobuf *b, void *dst, size_t n); /* writer's buffer -> kernel data */
size_t iobuf_put_zero(struct iobuf *b, size_t n);
