/* SPDX-License-Identifier: MIT */
/* execve: arguments, environment, descriptors, signals, what survives. */
#include "t.h"

static void again(char **argv)
{
    extern char **environ;
    int n = 0;
    for (; argv[n]; n++)
        printf("arg %d [%s]\n", n, argv[n]);
    for (char **e = environ; *e; e++)
        printf("env [%s]\n", *e);
    printf("closed on exec %d, kept %d\n", fcntl(70, F_GETFD), fcntl(71, F_GETFD));
    struct sigaction sa;
    sigaction(SIGUSR1, NULL, &sa);
    printf("handler reset %d\n", sa.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, NULL, &sa);
    printf("ignore kept %d\n", sa.sa_handler == SIG_IGN);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("mask kept %d\n", sigismember(&set, SIGTERM));
    sigpending(&set);
    printf("pending kept %d\n", sigismember(&set, SIGTERM));
    stack_t ss;
    sigaltstack(NULL, &ss);
    printf("no alternate stack %d\n", ss.ss_flags == SS_DISABLE);
    printf("alarm kept %d\n", alarm(0) > 0);
    char b[64];
    printf("cwd %s umask %o\n", getcwd(b, sizeof b), umask(0));
}

static void handler(int sig)
{
    (void)sig;
}

static void with(char **argv, char **envp)
{
    IN_CHILD("exec", execve("/proc/self/exe", argv, envp); printf("%s\n", t_errname(errno)));
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "count")) {
        size_t total = 0;
        for (int i = 0; i < argc; i++)
            total += strlen(argv[i]) + 1;
        printf("count %d bytes %zu\n", argc, total);
        return 0;
    }
    if (argc > 1 || argc == 0 || !strcmp(argv[0], "again")) {
        again(argv);
        return 17;
    }
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    static char alt[65536];
    stack_t ss = {alt, 0, sizeof alt};
    sigaltstack(&ss, NULL);
    chdir("/");
    umask(027);
    dup3(0, 70, O_CLOEXEC);
    dup2(0, 71);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGTERM);
        alarm(50);
        char *a[] = {"again", "", "two words", "\xc3\xa9", NULL};
        char *e[] = {"A=1", "EMPTY=", "no equals sign", NULL};
        execve("/proc/self/exe", a, e);
        _exit(99);
    }
    t_wait("exec", pid);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    char *none[] = {NULL}, *one[] = {"again", NULL};
    with(one, none);
    with(one, NULL);
    static char *many[10003];
    for (int i = 0; i < 10002; i++)
        many[i] = i == 1 ? "count" : "argument";
    many[10002] = NULL;
    with(many, none);
    static char longarg[120000];
    memset(longarg, 'x', sizeof longarg - 1);
    char *two[] = {"self", "count", longarg, NULL};
    with(two, none);
    static char toolong[140000];
    memset(toolong, 'x', sizeof toolong - 1);
    char *three[] = {"self", "count", toolong, NULL};
    with(three, none);
    static char *toomany[100];
    for (int i = 0; i < 99; i++)
        toomany[i] = longarg;
    with(toomany, none);
    with((char **)16, none);
    char *badstr[] = {"x", (char *)16, NULL};
    with(badstr, none);
    return 0;
}
