/* SPDX-License-Identifier: MIT */
/*
 * Pipes under stress across harts: chains of processes pass numbered records of odd sizes,
 * several writers share a pipe whose records stay whole, sums agree at the end. No byte is
 * lost, doubled or out of order.
 */
#include "t.h"

enum { STAGES = 4, RECORDS = 300, WRITERS = 3, SMALL = 1000 };

static void write_all(int fd, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        long w = write(fd, (const char *)p + done, n - done);
        CHECK(w > 0);
        done += w;
    }
}

static size_t read_all(int fd, void *p, size_t n)
{
    size_t done = 0;
    for (long r; done < n && (r = read(fd, (char *)p + done, n - done)) > 0;)
        done += r;
    return done;
}

static void chain(void)
{
    int in = -1;
    pid_t pids[STAGES + 1];
    for (int s = 0; s <= STAGES; s++) {
        int p[2];
        pipe(p);
        if ((pids[s] = t_fork()) == 0) {
            static char buf[9000];
            close(p[0]);
            for (unsigned i = 0; i < RECORDS; i++) {
                unsigned size = 1 + i * 37 % 8999;
                if (s == 0)
                    memset(buf, i, size);
                else
                    CHECK(read_all(in, buf, size) == size, "stage %d record %u", s, i);
                for (unsigned k = 0; k < size; k += 97)
                    CHECK((unsigned char)buf[k] == (i & 0xff), "stage %d record %u byte %u", s,
                          i, k);
                write_all(p[1], buf, size);
            }
            char c;
            CHECK(s == 0 || read(in, &c, 1) == 0);
            _exit(0);
        }
        close(p[1]);
        if (in >= 0)
            close(in);
        in = p[0];
    }
    static char buf[9000];
    for (unsigned i = 0; i < RECORDS; i++) {
        unsigned size = 1 + i * 37 % 8999;
        CHECK(read_all(in, buf, size) == size, "record %u", i);
        CHECK((unsigned char)buf[size - 1] == (i & 0xff));
    }
    close(in);
    for (int s = 0; s <= STAGES; s++)
        t_wait_ok(pids[s]);
}

static void shared(void)
{
    struct record {
        unsigned writer, number;
        unsigned char fill[SMALL - 8];
    } r;
    int p[2];
    unsigned next[WRITERS] = {0};
    pid_t pids[WRITERS];
    pipe(p);
    for (unsigned w = 0; w < WRITERS; w++)
        if ((pids[w] = t_fork()) == 0) {
            for (unsigned i = 0; i < RECORDS; i++) {
                r.writer = w;
                r.number = i;
                memset(r.fill, w * 7 + i, sizeof r.fill);
                CHECK(write(p[1], &r, sizeof r) == sizeof r);
            }
            _exit(0);
        }
    close(p[1]);
    for (int i = 0; i < WRITERS * RECORDS; i++) {
        if (i % 200 == 0)
            t_msleep(5); /* the pipe fills up to its last bytes */
        CHECK(read_all(p[0], &r, sizeof r) == sizeof r);
        CHECK(r.writer < WRITERS && r.number == next[r.writer], "writer %u number %u", r.writer,
              r.number);
        next[r.writer]++;
        for (size_t k = 0; k < sizeof r.fill; k++)
            CHECK(r.fill[k] == (unsigned char)(r.writer * 7 + r.number), "torn record");
    }
    for (int w = 0; w < WRITERS; w++)
        t_wait_ok(pids[w]);
    close(p[0]);
}

int main(void)
{
    t_delays(t_seed());
    chain();
    shared();
    t_delays(0);
    return 0;
}
