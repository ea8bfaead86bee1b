/* SPDX-License-Identifier: MIT */
/*
 * 16550 serial port (National Semiconductor PC16550D data sheet, chapter 8). Speed and format
 * stay as the firmware has set them.
 *
 * Output is polled, under the console's lock. Input comes by interrupt, or, without an
 * interrupt, from a timer.
 */
#include <arch/riscv/csr.h>
#include <debug/console.h>
#include <debug/log.h>
#include <dev/plic.h>
#include <dev/uart.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <mem/kmap.h>
#include <sched/timer.h>

#define DATA               0 /* read: received; write: to send */
#define IRQ_ENABLE         1
#define FIFO               2
#define LINE_STATE         5

#define IRQ_ENABLE_RECEIVE 0x01
#define FIFO_ON            0x01
#define LINE_HAS_DATA      0x01
#define LINE_CAN_SEND      0x20

#define POLL_PERIOD        (10 * 1000 * 1000L)

static struct {
    char *base;
    u32 shift; /* log2 of the distance of registers */
    u32 width; /* bytes of an access: 1 or 4 */
} port;

static void (*input)(u8 byte);
static bool
    is_held; /* nobody has room for input; it waits in the port, and then at the sender */
static struct timer poll_timer;

static u8 port_read(u32 index)
{
    char *at = port.base + ((u64)index << port.shift);
    return port.width == 4 ? (u8) * (volatile u32 *)at : *(volatile u8 *)at;
}

static void port_write(u32 index, u8 value)
{
    char *at = port.base + ((u64)index << port.shift);
    if (port.width == 4)
        *(volatile u32 *)at = value;
    else
        *(volatile u8 *)at = value;
}

static void port_send(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (!(port_read(LINE_STATE) & LINE_CAN_SEND))
            cpu_relax();
        port_write(DATA, text[i]);
    }
}

static void port_receive(void *arg)
{
    while (!__atomic_load_n(&is_held, __ATOMIC_RELAXED) &&
           (port_read(LINE_STATE) & LINE_HAS_DATA)) {
        u8 byte = port_read(DATA);
        if (input)
            input(byte);
    }
}

static void port_poll(struct timer *t)
{
    port_receive(NULL);
    timer_set(t, clock_monotonic() + POLL_PERIOD);
}

static bool is_16550(const char *compatible)
{
    return compatible && (str_starts_with(compatible, "ns16550") ||
                          str_starts_with(compatible, "snps,dw-apb-uart"));
}

/* The port of stdout-path if it is one of ours, else the first one. */
static int find_port(const void *dtb)
{
    int node = dt_stdout(dtb);
    if (node >= 0 && is_16550(dt_string(dtb, node, "compatible")))
        return node;
    node = dt_find_compatible(dtb, -1, "ns16550a");
    return node >= 0 ? node : dt_find_compatible(dtb, -1, "ns16550");
}

static u32 u32_or(const void *dtb, int node, const char *property, u32 fallback)
{
    u32 value;
    return dt_u32(dtb, node, property, &value) ? fallback : value;
}

static u32 irq_line; /* 0: none */

void uart_init(const void *dtb)
{
    struct dt_range range;
    int node = find_port(dtb);
    if (node < 0 || dt_reg(dtb, node, 0, &range)) {
        log_warn("no serial port: output through the firmware, no input\n");
        return;
    }
    port.shift = u32_or(dtb, node, "reg-shift", 0);
    port.width = u32_or(dtb, node, "reg-io-width", 1);
    port.base = kmap_device(range.base, range.size);
    if (!port.base || port.shift > 4 || (port.width != 1 && port.width != 4))
        return;
    if (dt_interrupt(dtb, node, 0, &irq_line))
        irq_line = 0;
    port_write(FIFO, FIFO_ON);
    console_set_output(port_send);
}

void console_set_input(void (*fn)(u8 byte))
{
    bool is_first = !input;
    input = fn;
    if (!port.base || !is_first)
        return;
    if (irq_line && plic_connect(irq_line, port_receive, NULL) == 0) {
        port_write(IRQ_ENABLE, IRQ_ENABLE_RECEIVE);
        return;
    }
    timer_init(&poll_timer, port_poll);
    timer_set(&poll_timer, clock_monotonic() + POLL_PERIOD);
}

void console_hold_input(bool hold)
{
    __atomic_store_n(&is_held, hold, __ATOMIC_RELAXED);
    if (port.base && irq_line)
        port_write(IRQ_ENABLE, hold ? 0 : IRQ_ENABLE_RECEIVE);
}
