/* SPDX-License-Identifier: MIT */
/* Whole, page-aligned pages of kernel addresses: hardly an instruction beside the loads and
 * stores. */
#pragma once

void copy_page(void *dst, const void *src);
void clear_page(void *dst);
