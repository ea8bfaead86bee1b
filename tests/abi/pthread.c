/* SPDX-License-Identifier: MIT */
/* Static pthreads: create, join, mutex, condition, TLS, once, cancel, kill, exit paths. */
#include "t.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static __thread int tls = 7;
static int counter, turn;
static volatile int signalled;
static pthread_t handler_thread;

static void *add(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    tls += (int)(long)arg;
    return (void *)(long)tls;
}

static void *player(void *arg)
{
    int me = (int)(long)arg;
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&cond, &lock);
        turn = !me;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *meet(void *arg)
{
    (void)arg;
    return (void *)(long)(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void *wait_forever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void on_signal(int sig)
{
    (void)sig;
    handler_thread = pthread_self();
    signalled = 1;
}

static void *ids(void *arg)
{
    (void)arg;
    return (void *)(long)(getpid() != gettid());
}

static void *exits(void *arg)
{
    (void)arg;
    t_msleep(10);
    exit(23);
}

static void *faults(void *arg)
{
    (void)arg;
    *(volatile int *)16 = 1;
    return NULL;
}

int main(void)
{
    pthread_t t[8];
    void *r;
    for (long i = 0; i < 8; i++)
        R(pthread_create(&t[i], NULL, add, (void *)i));
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], &r);
        printf("tls %ld\n", (long)r);
    }
    printf("counter %d own tls %d\n", counter, tls);
    for (long i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, player, (void *)i);
    for (int i = 0; i < 2; i++)
        R(pthread_join(t[i], NULL));
    pthread_barrier_init(&barrier, NULL, 4);
    int serial = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, meet, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &r);
        serial += (int)(long)r;
    }
    printf("serial threads %d\n", serial);
    pthread_create(&t[0], NULL, wait_forever, NULL);
    R(pthread_cancel(t[0]));
    pthread_join(t[0], &r);
    printf("cancelled %d\n", r == PTHREAD_CANCELED);
    signal(SIGUSR1, on_signal);
    pthread_create(&t[0], NULL, wait_forever, NULL);
    R(pthread_kill(t[0], SIGUSR1));
    while (!signalled)
        t_msleep(1);
    printf("handled by the chosen thread %d\n", pthread_equal(handler_thread, t[0]));
    pthread_create(&t[1], NULL, ids, NULL);
    pthread_join(t[1], &r);
    printf("thread id differs %ld\n", (long)r);
    IN_CHILD("fork leaves one thread", _exit(tls));
    IN_CHILD("exit of a thread ends all", pthread_create(&t[2], NULL, exits, NULL);
             for (;;) pause());
    IN_CHILD("a fault in a thread ends all", pthread_create(&t[2], NULL, faults, NULL);
             for (;;) pause());
    IN_CHILD("the first thread may end first", pthread_create(&t[2], NULL, exits, NULL);
             pthread_exit(NULL));
    IN_CHILD("a signal to the process ends all",
             pthread_create(&t[2], NULL, wait_forever, NULL);
             kill(getpid(), SIGTERM); for (;;) pause());
    sem_t sem;
    sem_init(&sem, 0, 0);
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    R(sem_timedwait(&sem, &ts));
    pthread_mutex_lock(&lock);
    R(pthread_cond_timedwait(&cond, &lock, &ts) == ETIMEDOUT);
    R(pthread_mutex_trylock(&lock) == EBUSY);
    pthread_mutex_unlock(&lock);
    return 0;
}
