/* SPDX-License-Identifier: MIT */
/*
 * Many processes make, write, rename, link, list and remove the same few names at once.
 * Whatever they do, a file that can be opened holds one writer's whole record, a directory's
 * link count is what it holds, and when all is removed the directory is empty.
 */
#include "t.h"
#include <dirent.h>

enum { PROCESSES = 6, ROUNDS = 400, NAMES = 5, RECORD = 9000 };

static unsigned pick(unsigned n)
{
    return t_rnd() % n;
}

static const char *name_of(char *buf)
{
    static const char *const dirs[] = {"", "d0/", "d1/", "d0/e/"};
    sprintf(buf, "%sn%u", dirs[pick(4)], pick(NAMES));
    return buf;
}

/* A whole record under a name of our own, then moved to a shared one. */
static void put_record(int who)
{
    static char data[RECORD];
    char own[32], shared[32];
    sprintf(own, "own-%d", who);
    int fd = open(own, O_RDWR | O_CREAT | O_TRUNC, 0600);
    memset(data, 'a' + who, sizeof data);
    CHECK(fd >= 0 && write(fd, data, sizeof data) == sizeof data, "record of %d", who);
    close(fd);
    if (rename(own, name_of(shared)) < 0)
        CHECK(errno == EISDIR || errno == ENOENT || errno == ENOTEMPTY, "rename to %s", shared);
}

static void check_record(void)
{
    static char data[RECORD + 1];
    char name[32];
    int fd = open(name_of(name), O_RDONLY);
    if (fd < 0)
        return;
    struct stat st;
    fstat(fd, &st);
    if (S_ISREG(st.st_mode)) {
        ssize_t n = read(fd, data, sizeof data);
        CHECK(n == RECORD, "%s has %zd bytes", name, n);
        for (int i = 1; i < n; i++)
            CHECK(data[i] == data[0], "%s is mixed at %d", name, i);
    }
    close(fd);
}

static void list_names(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return;
    int dots = 0;
    for (struct dirent *e; (e = readdir(d));)
        dots += !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
    CHECK(dots == 2 || dots == 0, "%s lists %d dots", dir, dots);
    closedir(d);
}

static void work(int who)
{
    char a[32], b[32];
    t_state = t_seed() + who;
    for (int i = 0; i < ROUNDS; i++) {
        switch (pick(10)) {
        case 0:
        case 1:
            put_record(who);
            break;
        case 2:
            unlink(name_of(a));
            break;
        case 3:
            link(name_of(a), name_of(b));
            break;
        case 4:
            rename(name_of(a), name_of(b));
            break;
        case 5:
            syscall(SYS_renameat2, AT_FDCWD, name_of(a), AT_FDCWD, name_of(b), 2);
            break;
        case 6:
            mkdir(name_of(a), 0700);
            break;
        case 7:
            rmdir(name_of(a));
            break;
        case 8:
            list_names(pick(2) ? "." : "d0/e");
            break;
        default:
            check_record();
        }
    }
}

static void remove_all(const char *dir, int depth)
{
    char path[300];
    DIR *d = opendir(dir);
    CHECK(d != NULL, "opendir %s", dir);
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (unlink(path) == 0)
            continue;
        CHECK(errno == EISDIR && depth < 20, "unlink %s", path);
        remove_all(path, depth + 1);
        CHECK(rmdir(path) == 0, "rmdir %s", path);
    }
    closedir(d);
    struct stat st;
    stat(dir, &st);
    CHECK(st.st_nlink == 2, "%s has %d links", dir, (int)st.st_nlink);
}

int main(void)
{
    CHECK(mkdir("d0", 0700) == 0 && mkdir("d1", 0700) == 0 && mkdir("d0/e", 0700) == 0,
          "mkdir");
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            work(i);
            _exit(0);
        }
    }
    for (int status; wait(&status) > 0;)
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a worker ended with %#x", status);
    remove_all(".", 0);
    return 0;
}
