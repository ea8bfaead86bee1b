/* SPDX-License-Identifier: MIT */
/*
 * Object caches: kernel objects of one size, packed into frames.
 *
 * cache_alloc() may hand out any old content (junk-filled in debug builds); cache_zalloc()
 * zeroes. mem_alloc(n) is for sizes only known at run time: it picks a power-of-two
 * cache, or whole frames above 2 KiB. None of these sleep; NULL means that memory is exhausted.
 */
#pragma once

#include <lib/types.h>

struct cache; /* opaque */

/* Caches are made at boot and never destroyed. `size` in bytes, alignment 16 at least. */
struct cache *cache_create(const char *name, size_t size);
void *cache_alloc(struct cache *cache);
void *cache_zalloc(struct cache *cache);
void cache_free(struct cache *cache, void *object);

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void mem_free(void *ptr); /* NULL is fine */

/* Objects alive in all caches together, for leak checks. */
u64 cache_live_objects(void);
/* Calls fn for every cache: name, object size, live objects, frames held. */
typedef void cache_fn(void *arg, const char *name, size_t size, u64 live, u64 frames);
void cache_for_each(cache_fn *fn, void *arg);
