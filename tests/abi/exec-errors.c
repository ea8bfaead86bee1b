/* SPDX-License-Identifier: MIT */
/* execve: scripts, and every way to fail. */
#include "t.h"

static void script(const char *path, const char *text, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    write(fd, text, strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static void try(const char *path)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *a[] = {"zero", "first", "second", NULL}, *e[] = {NULL};
        execve(path, a, e);
        printf("%.40s: %s\n", path > (char *)4096 ? path : "wild", t_errname(errno));
        _exit(1);
    }
    int st;
    waitpid(pid, &st, 0);
    if (!WIFEXITED(st) || WEXITSTATUS(st) != 1)
        t_print_status(path, st);
}

static void busy_and_by_descriptor(const char *self, const char *text)
{
    /* A file that is open for writing cannot run, and a running one not be written. */
    script("busy", text, 0755);
    int fd = open("busy", O_WRONLY);
    try("busy");
    close(fd);
    try("busy");
    R(open("/proc/self/exe", O_WRONLY));
    /* By descriptor. */
    pid_t pid = fork();
    if (pid == 0) {
        int d = open(self, O_RDONLY | O_CLOEXEC);
        char *a[] = {"self", "by descriptor", NULL}, *e[] = {NULL};
        syscall(SYS_execveat, d, "", a, e, AT_EMPTY_PATH);
        printf("execveat %s\n", t_errname(errno));
        _exit(1);
    }
    t_wait("execveat", pid);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            printf("[%s] ", argv[i]);
        puts("");
        return 4;
    }
    char self[200] = "", text[600];
    readlink("/proc/self/exe", self, sizeof self - 1);
    symlink(self, "interp");
    snprintf(text, sizeof text, "#!%s\nignored\n", self);
    script("plain", text, 0755);
    try("plain");
    try("./plain");
    script("arg", "#!interp one two  three \nx", 0755);
    try("arg");
    script("spaces", "#! \t interp \t x\n", 0755);
    try("spaces");
    script("noeol", "#!interp", 0755);
    try("noeol");
    script("nested", "#!./arg inner\n", 0755);
    try("nested");
    script("n3", "#!./nested\n", 0755);
    script("n4", "#!./n3\n", 0755);
    script("n5", "#!./n4\n", 0755);
    script("n6", "#!./n5\n", 0755);
    try("n3");
    try("n4");
    try("n5");
    try("n6");
    script("self-loop", "#!./self-loop\n", 0755);
    try("self-loop");
    script("missing-interp", "#!/none\n", 0755);
    try("missing-interp");
    script("empty-interp", "#!\n", 0755);
    try("empty-interp");
    script("dir-interp", "#!/\n", 0755);
    try("dir-interp");
    script("text", "echo hello\n", 0755);
    try("text");
    script("empty", "", 0755);
    try("empty");
    script("noexec", text, 0644);
    try("noexec");
    script("shortelf", "\177ELF", 0755);
    try("shortelf");
    try("none");
    try("plain/x");
    try(".");
    try("/dev/null");
    try("");
    mkfifo("fifo", 0777);
    try("fifo");
    symlink("loop", "loop");
    try("loop");
    try((char *)16);
    busy_and_by_descriptor(self, text);
    return 0;
}
