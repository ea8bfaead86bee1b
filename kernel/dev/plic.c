/* SPDX-License-Identifier: MIT */
/*
 * Platform-level interrupt controller (RISC-V PLIC specification 1.0, chapters 3 to 10).
 *
 * All lines go to the boot hart's supervisor context, whose number the device tree tells.
 *
 * Locks: `plic_lock` guards connecting; lines[] is read by the handler without it: a line is
 * enabled only after its handler is set, and never taken back.
 */
#include <arch/riscv/hart.h>
#include <debug/log.h>
#include <dev/plic.h>
#include <lib/fdt.h>
#include <mem/kmap.h>
#include <sync/spinlock.h>
#include <asm/errno.h>

#define PRIORITY(irq)      (4UL * (irq))
#define ENABLE(context)    (0x2000 + 0x80UL * (context))
#define THRESHOLD(context) (0x200000 + 0x1000UL * (context))
#define CLAIM(context)     (THRESHOLD(context) + 4)

static char *base; /* NULL: no controller */
static u32 context;
static u32 n_irqs;
static struct spinlock plic_lock = SPINLOCK_INIT("plic");

static struct {
    void (*handler)(void *arg);
    void *arg;
} lines[PLIC_MAX_IRQS];

static volatile u32 *reg(u64 offset)
{
    return (volatile u32 *)(base + offset);
}

void plic_init(const void *dtb)
{
    struct dt_range range;
    int node = dt_find_compatible(dtb, -1, "sifive,plic-1.0.0");
    if (node < 0)
        node = dt_find_compatible(dtb, -1, "riscv,plic0");
    int found = node < 0 ? -1 : dt_plic_context(dtb, node, mycpu()->hartid);
    u32 n_devices;
    if (found < 0 || dt_reg(dtb, node, 0, &range) ||
        dt_u32(dtb, node, "riscv,ndev", &n_devices)) {
        log_warn("no interrupt controller: devices are polled\n");
        return;
    }
    context = found;
    n_irqs = min(n_devices + 1, (u32)PLIC_MAX_IRQS);
    base = kmap_device(range.base, range.size);
    if (!base)
        return;
    for (u32 irq = 0; irq < n_irqs; irq += 32)
        *reg(ENABLE(context) + irq / 8) = 0;
    *reg(THRESHOLD(context)) = 0;
}

int plic_connect(u32 irq, void (*handler)(void *arg), void *arg)
{
    if (!base || irq == 0 || irq >= n_irqs)
        return -EINVAL;
    u64 state = spin_lock_irqsave(&plic_lock);
    bool is_free = !lines[irq].handler;
    if (is_free) {
        lines[irq].arg = arg;
        __atomic_store_n(&lines[irq].handler, handler, __ATOMIC_RELEASE);
        *reg(PRIORITY(irq)) = 1;
        *reg(ENABLE(context) + irq / 32 * 4) |= 1u << (irq % 32);
    }
    spin_unlock_irqrestore(&plic_lock, state);
    return is_free ? 0 : -EINVAL;
}

void plic_handle(void)
{
    u32 irq;
    if (!base)
        return;
    while ((irq = *reg(CLAIM(context)))) {
        if (irq < n_irqs && lines[irq].handler)
            lines[irq].handler(lines[irq].arg);
        *reg(CLAIM(context)) = irq;
    }
}
