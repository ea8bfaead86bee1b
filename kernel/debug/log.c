/* SPDX-License-Identifier: MIT */
/*
 * The log ring: text, "<level>[seconds] message\n" per line, as dmesg expects it.
 *
 * Positions count bytes since boot and never wrap; the byte at position p is ring[p %
 * LOG_SIZE]. A reader that fell behind goes on at the oldest complete line.
 *
 * Lock: a word of its own (see console.c), interrupts off.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/time.h>
#include <debug/console.h>
#include <debug/log.h>
#include <debug/power.h>
#include <lib/printf.h>

#define LOG_SIZE (64 * KiB) /* power of two */
#define LINE_MAX 512

static char ring[LOG_SIZE];
static u64 ring_end;
static u32 ring_lock;
static int console_level = 7; /* prints what is below, as Linux */

static u64 lock(void)
{
    u64 irq = irq_save();
    while (__atomic_exchange_n(&ring_lock, 1, __ATOMIC_ACQUIRE))
        machine_pause_in_spin();
    return irq;
}

static void unlock(u64 irq)
{
    __atomic_store_n(&ring_lock, 0, __ATOMIC_RELEASE);
    irq_restore(irq);
}

static void ring_append(const char *text, size_t n)
{
    u64 irq = lock();
    for (size_t i = 0; i < n; i++)
        ring[ring_end++ % LOG_SIZE] = text[i];
    unlock(irq);
}

void log_print(int level, const char *fmt, ...)
{
    char line[LINE_MAX];
    nsec_t now = time_since_boot();
    va_list args;
    size_t head = kscnprintf(line, sizeof(line), "<%d>", level);
    size_t n = head;
    n += kscnprintf(line + n, sizeof(line) - n, "[%5ld.%06ld] ", now / NSEC_PER_SEC,
                    now % NSEC_PER_SEC / 1000);
    va_start(args, fmt);
    int wanted = kvsnprintf(line + n, sizeof(line) - n, fmt, args);
    va_end(args);
    n = min(n + (size_t)max(wanted, 0), sizeof(line) - 2);
    if (line[n - 1] != '\n')
        line[n++] = '\n';
    ring_append(line, n);
    if (level < console_level)
        console_write(line + head, n - head);
}

size_t log_read(u64 *pos, char *buf, size_t size)
{
    u64 irq = lock();
    u64 at = *pos;
    if (at + LOG_SIZE < ring_end) {
        at = ring_end - LOG_SIZE;
        while (at < ring_end && ring[at++ % LOG_SIZE] != '\n')
            ;
    }
    size_t n = 0;
    while (n < size && at < ring_end)
        buf[n++] = ring[at++ % LOG_SIZE];
    *pos = at;
    unlock(irq);
    return n;
}

void log_set_console_level(int level)
{
    console_level = level;
}

/* The last lines, for a panic: nobody is asked for the lock. */
void log_show_tail(unsigned lines)
{
    u64 at = ring_end;
    u64 oldest = ring_end > LOG_SIZE ? ring_end - LOG_SIZE : 0;
    for (unsigned found = 0; at > oldest; at--)
        if (ring[(at - 1) % LOG_SIZE] == '\n' && found++ == lines)
            break;
    for (; at < ring_end; at++)
        console_write(&ring[at % LOG_SIZE], 1);
}
