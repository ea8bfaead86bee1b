/* SPDX-License-Identifier: MIT */
/*
 * Prints the lines that match a pattern: ^ and $ for the ends, . for any character, * for any
 * number of the one before it.
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

static int match_here(const char *pattern, const char *text);

/* c*rest at text: as few of c as do, then more. */
static int match_star(char c, const char *rest, const char *text)
{
    do {
        if (match_here(rest, text))
            return 1;
    } while (*text && (*text++ == c || c == '.'));
    return 0;
}

static int match_here(const char *pattern, const char *text)
{
    if (!pattern[0])
        return 1;
    if (pattern[1] == '*')
        return match_star(pattern[0], pattern + 2, text);
    if (pattern[0] == '$' && !pattern[1])
        return !*text;
    if (*text && (pattern[0] == '.' || pattern[0] == *text))
        return match_here(pattern + 1, text + 1);
    return 0;
}

static int match(const char *pattern, const char *text)
{
    if (pattern[0] == '^')
        return match_here(pattern + 1, text);
    do {
        if (match_here(pattern, text))
            return 1;
    } while (*text++);
    return 0;
}

/* Reads one line without its end. Returns its length, -1 at the end of input. */
static int line_read(int fd, char *line, int max)
{
    static char buf[512];
    static int used, filled;
    int n = 0;

    for (;;) {
        if (used == filled) {
            used = 0;
            filled = read(fd, buf, sizeof(buf));
            if (filled <= 0) {
                filled = 0;
                line[n] = 0;
                return n ? n : -1;
            }
        }
        if (buf[used++] == '\n') {
            line[n] = 0;
            return n;
        }
        if (n + 1 < max)
            line[n++] = buf[used - 1];
    }
}

static int search(const char *pattern, int fd)
{
    static char line[1024];
    int found = 0;

    while (line_read(fd, line, sizeof(line)) >= 0) {
        if (match(pattern, line)) {
            printf("%s\n", line);
            found = 1;
        }
    }
    return found;
}

int main(int argc, char *argv[])
{
    int found = 0;

    if (argc < 2) {
        fprintf(2, "usage: grep PATTERN [FILE...]\n");
        exit(2);
    }
    if (argc == 2)
        found = search(argv[1], 0);
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], 0);

        if (fd < 0) {
            fprintf(2, "grep: cannot open %s\n", argv[i]);
            exit(2);
        }
        found |= search(argv[1], fd);
        close(fd);
    }
    exit(!found);
}
