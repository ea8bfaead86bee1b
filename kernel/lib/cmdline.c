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

/* Where the characters of a word go: first the key, then the value. */
struct word_text {
    char *at;
    size_t room; /* without the terminator */
};

static void text_add(struct word_text *text, char c)
{
    if (text->room == 0)
        return;
    *text->at++ = c;
    *text->at = '\0';
    text->room--;
}

bool cmdline_next(const char **pos, struct cmdline_word *word)
{
    const char *at = *pos;
    while (is_blank(*at))
        at++;
    word->key[0] = word->value[0] = '\0';
    word->has_value = false;
    *pos = at;
    if (!*at)
        return false;

    struct word_text text = {word->key, sizeof(word->key) - 1};
    bool quoted = false;
    for (; *at && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at == '=' && !word->has_value) {
            word->has_value = true;
            text = (struct word_text){word->value, sizeof(word->value) - 1};
        } else {
            text_add(&text, *at);
        }
    }
    *pos = at;
    return true;
}

static bool is_separator(const struct cmdline_word *word)
{
    return !word->has_value && str_equal(word->key, "--");
}

/* The last word with this key. */
static bool find_word(const char *line, const char *key, struct cmdline_word *found)
{
    struct cmdline_word word;
    bool is_found = false;
    while (cmdline_next(&line, &word) && !is_separator(&word)) {
        if (!str_equal(word.key, key))
            continue;
        *found = word;
        is_found = true;
    }
    return is_found;
}

bool cmdline_get(const char *line, const char *key, char *value, size_t size)
{
    struct cmdline_word word;
    if (!find_word(line, key, &word))
        return false;
    strlcpy(value, word.value, size);
    return true;
}

bool cmdline_has(const char *line, const char *key)
{
    struct cmdline_word word;
    return find_word(line, key, &word);
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
    struct cmdline_word word;
    u64 value;
    if (!find_word(line, key, &word))
        return fallback;
    const char *at = word.value;
    if (str_to_u64(&at, 0, &value) < 0)
        return fallback;
    unsigned shift = suffix_shift(*at);
    at += shift != 0;
    if (*at || (shift && value >> (64 - shift)))
        return fallback;
    return value << shift;
}

const char *cmdline_init_args(const char *line)
{
    struct cmdline_word word;
    while (cmdline_next(&line, &word)) {
        if (!is_separator(&word))
            continue;
        while (is_blank(*line))
            line++;
        break;
    }
    return line;
}
