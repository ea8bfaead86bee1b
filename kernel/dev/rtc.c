/* SPDX-License-Identifier: MIT */
/* Goldfish real-time clock (QEMU hw/rtc/goldfish_rtc): reading the low word latches the high
 * one. */
#include <dev/rtc.h>
#include <lib/fdt.h>
#include <mem/kmap.h>

#define TIME_LOW  0
#define TIME_HIGH 1

nsec_t rtc_read(const void *dtb)
{
    struct dt_range range;
    int node = dt_find_compatible(dtb, -1, "google,goldfish-rtc");
    if (node < 0 || dt_reg(dtb, node, 0, &range))
        return 0;
    volatile u32 *base = kmap_device(range.base, range.size);
    if (!base)
        return 0;
    u64 low = base[TIME_LOW];
    u64 high = base[TIME_HIGH];
    return (nsec_t)(high << 32 | low);
}
