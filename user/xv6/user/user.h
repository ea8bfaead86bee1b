/* SPDX-License-Identifier: MIT */
/* What a program for xv6 can call. Errors are -1 (or SBRK_ERROR, or 0 from malloc). */
#ifndef XV6_USER_H
#define XV6_USER_H

#include <stdarg.h>

#define SBRK_ERROR ((char *)-1)

struct stat;

/* calls of the kernel */
int fork(void);
int exit(int status) __attribute__((noreturn));
int wait(int *status); /* the child's status as it gave it; -1 when it was killed */
int pipe(int *fds);
int write(int fd, const void *buf, int n);
int read(int fd, void *buf, int n);
int close(int fd);
int kill(int pid);
int exec(const char *path, char **argv);
int open(const char *path, int flags);
int mknod(const char *path, short major, short minor);
int unlink(const char *path);
int fstat(int fd, struct stat *st);
int link(const char *old, const char *new);
int mkdir(const char *path);
int chdir(const char *path);
int dup(int fd);
int getpid(void);
char *sys_sbrk(int n, int how);
int pause(int ticks); /* ten ticks a second */
int sleep(int ticks); /* its older name */
int uptime(void);     /* ticks */

/* calls that courses add to xv6 */
int symlink(const char *target, const char *path);
void *mmap(void *addr, unsigned long n, int prot, int flags, int fd, long offset);
int munmap(void *addr, unsigned long n);
int ugetpid(void);
int sigalarm(int ticks, void (*handler)(void)); /* the handler ends with sigreturn() */
int sigreturn(void);

/* library */
int stat(const char *path, struct stat *st);
char *strcpy(char *to, const char *from);
void *memmove(void *to, const void *from, int n);
char *strchr(const char *s, char c);
int strcmp(const char *a, const char *b);
char *gets(char *buf, int max);
uint strlen(const char *s);
void *memset(void *to, int c, uint n);
int atoi(const char *s);
int memcmp(const void *a, const void *b, uint n);
void *memcpy(void *to, const void *from, uint n);
char *sbrk(int n);
char *sbrklazy(int n);

void fprintf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprintf(int fd, const char *format, va_list ap);

void *malloc(uint n);
void free(void *p);

#endif
