/* SPDX-License-Identifier: MIT */
/*
 * Splits the command line into words.
 */
#include <lib/cmdline.h>
#include <lib/string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool cmdline_next(const char **pos, struct cmdline_word *word)
{
    const char *at = *pos;
    while (is_blank(*at))
        at++;
    *pos = at;
    word->value = NULL;
    if (!*at)
        return false;

    char *to = word->text, *end = word->text + sizeof(word->text) - 1;
    bool quoted = false;
    for (; *at && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (to < end && *at == '=' && !word->value) {
            *to++ = '\0';
            word->value = to;
        } else if (to < end) {
            *to++ = *at;
        }
    }
    *to = '\0';
    *pos = at;
    return true;
}

static bool is_separator(const struct cmdline_word *word)
{
    return !word->value && str_equal(word->text, "--");
}

/* The value of the last word with this key in the kernel's part of the line. */
bool cmdline_get(const char *line, const char *key, char *value, size_t size)
{
    struct cmdline_word word;
    bool is_found = false;
    while (cmdline_next(&line, &word)) {
        if (is_separator(&word))
            break;
        if (!str_equal(word.text, key))
            continue;
        strlcpy(value, word.value ? word.value : "", size);
        is_found = true;
    }
    return is_found;
}

bool cmdline_has(const char *line, const char *key)
{
    char value[1];
    return cmdline_get(line, key, value, sizeof(value));
}

static unsigned suffix_shift(char c)
{
    switch (c) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    }
    return 0;
}

u64 cmdline_get_u64(const char *line, const char *key, u64 fallback)
{
    char text[32];
    u64 value;
    if (!cmdline_get(line, key, text, sizeof(text)))
        return fallback;
    const char *at = text;
    if (str_to_u64(&at, 0, &value) < 0)
        return fallback;
    unsigned shift = suffix_shift(*at);
    at += shift != 0;
    if (*at || (shift && value >> (64 - shift)))
        return fallback;
    return value << shift;
}
