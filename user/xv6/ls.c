/* SPDX-License-Identifier: MIT */
/* Lists directories: name, type, inode number and size of each entry. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fs.h"

static const char *const type_names[] = {
    "?", [T_DIR] = "dir", [T_FILE] = "file", [T_DEVICE] = "device", [T_SYMLINK] = "link"};

static void line_print(const char *name, const struct stat *st)
{
    printf("%s", name);
    for (uint n = strlen(name); n < DIRSIZ + 1; n++)
        printf(" ");
    printf("%s %u %lu\n", type_names[st->type], st->ino, st->size);
}

static void entry_print(const char *directory, const struct dirent *entry)
{
    char path[256], name[DIRSIZ + 1];
    struct stat st;

    memcpy(name, entry->name, DIRSIZ);
    name[DIRSIZ] = 0;
    strcpy(path, directory);
    strcpy(path + strlen(path), "/");
    strcpy(path + strlen(path), name);
    if (stat(path, &st) < 0)
        fprintf(2, "ls: no information about %s\n", path);
    else
        line_print(name, &st);
}

static int list(const char *path)
{
    struct dirent entry;
    struct stat st;
    int fd = strlen(path) < 200 ? open(path, 0) : -1;

    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(2, "ls: cannot open %s\n", path);
        return 1;
    }
    if (st.type != T_DIR)
        line_print(path, &st);
    while (st.type == T_DIR && read(fd, &entry, sizeof(entry)) == sizeof(entry)) {
        if (entry.inum)
            entry_print(path, &entry);
    }
    close(fd);
    return 0;
}

int main(int argc, char *argv[])
{
    int failed = 0;

    if (argc < 2)
        failed = list(".");
    for (int i = 1; i < argc; i++)
        failed |= list(argv[i]);
    exit(failed);
}
