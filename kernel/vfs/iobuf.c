/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between the kernel and the two ends of a read or write. Each move says how far
 * it came, so that a bad address in the middle gives a short count and only a bad first byte
 * gives -EFAULT.
 */
#include <vfs/iobuf.h>

#include <lib/string.h>
#include <linux/uio.h>
#include <vm/uaccess.h>

void iobuf_init_kernel(struct iobuf *b, void *buf, size_t n)
{
    *b = (struct iobuf){.is_user = false, .left = n, .kernel = buf};
}

void iobuf_init_user(struct iobuf *b, const struct iovec *vec, size_t total)
{
    *b = (struct iobuf){.is_user = true, .left = total, .vec = vec};
}

static inline vaddr_t user_at(const struct iobuf *b)
{
    return (vaddr_t)b->vec->iov_base + b->vec_offset;
}

/* The next piece of user memory, at most n bytes; n > 0. */
static inline vaddr_t user_piece(struct iobuf *b, size_t n, size_t *piece)
{
    while (b->vec_offset == b->vec->iov_len) {
        b->vec++;
        b->vec_offset = 0;
    }
    *piece = min(n, (size_t)(b->vec->iov_len - b->vec_offset));
    return user_at(b);
}

static inline void advance(struct iobuf *b, size_t n)
{
    b->vec_offset += n;
    b->left -= n;
}

/* The common case: the next n bytes are one piece of user memory. */
static inline bool is_one_piece(const struct iobuf *b, size_t n)
{
    return b->is_user && n <= b->vec->iov_len - b->vec_offset;
}

static void *kernel_piece(struct iobuf *b, size_t n)
{
    void *at = b->kernel;

    b->kernel = (char *)at + n;
    b->left -= n;
    return at;
}

static no_inline size_t put_pieces(struct iobuf *b, const void *src, size_t n)
{
    size_t done = 0, piece, moved;

    if (!b->is_user) {
        memcpy(kernel_piece(b, n), src, n);
        return n;
    }
    while (done < n) {
        vaddr_t at = user_piece(b, n - done, &piece);

        moved = copyout_some(at, (const char *)src + done, piece);
        advance(b, moved);
        done += moved;
        if (moved < piece)
            break;
    }
    return done;
}

size_t iobuf_put(struct iobuf *b, const void *src, size_t n)
{
    if (unlikely(!is_one_piece(b, n)))
        return put_pieces(b, src, n);
    n = copyout_some(user_at(b), src, n);
    advance(b, n);
    return n;
}

static no_inline size_t take_pieces(struct iobuf *b, void *dst, size_t n)
{
    size_t done = 0, piece, moved;

    if (!b->is_user) {
        memcpy(dst, kernel_piece(b, n), n);
        return n;
    }
    while (done < n) {
        vaddr_t at = user_piece(b, n - done, &piece);

        moved = copyin_some((char *)dst + done, at, piece);
        advance(b, moved);
        done += moved;
        if (moved < piece)
            break;
    }
    return done;
}

size_t iobuf_take(struct iobuf *b, void *dst, size_t n)
{
    if (unlikely(!is_one_piece(b, n)))
        return take_pieces(b, dst, n);
    n = copyin_some(dst, user_at(b), n);
    advance(b, n);
    return n;
}

size_t iobuf_put_zero(struct iobuf *b, size_t n)
{
    static const char zeroes[256];
    size_t done = 0, piece, moved;

    if (!b->is_user) {
        memset(kernel_piece(b, n), 0, n);
        return n;
    }
    while (done < n) {
        vaddr_t at = user_piece(b, n - done, &piece);

        if (clearout(at, piece) == 0) {
            moved = piece;
        } else { /* find out how far it goes */
            piece = min(piece, sizeof(zeroes));
            moved = copyout_some(at, zeroes, piece);
        }
        advance(b, moved);
        done += moved;
        if (moved < piece)
            break;
    }
    return done;
}
