/* SPDX-License-Identifier: MIT */
/*
 * The kernel's command line: words separated by blanks, `key` or `key=value`, double quotes
 * around blanks that belong to a value. A word `--` ends the kernel's part: the rest is for
 * init. When a key is given more than once the last one counts.
 */
#pragma once

#include <lib/types.h>

#define CMDLINE_WORD_MAX 1024 /* as long as Linux/riscv64 lets the whole line be */

/* One word: `text` is the key, `value` what stands behind the '=' (NULL: there is none). */
struct cmdline_word {
    char text[CMDLINE_WORD_MAX];
    char *value;
};

/* Reads the word at *pos (start with the line itself) and advances. Words too long are cut
 * short. Returns: false at the end. `--` comes as a word with this key. */
bool cmdline_next(const char **pos, struct cmdline_word *word);

/* Copies the value of key=value (or "" for a bare key). Returns: false if the key is not there.
 */
bool cmdline_get(const char *line, const char *key, char *value, size_t size);
bool cmdline_has(const char *line, const char *key);
/* The value as a number with an optional suffix k, M or G; `fallback` if absent or no number.
 */
u64 cmdline_get_u64(const char *line, const char *key, u64 fallback);
