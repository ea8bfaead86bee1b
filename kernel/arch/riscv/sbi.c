/* SPDX-License-Identifier: MIT */
/*
 * Firmware calls (SBI specification 2.0, chapters 4 base, 6 timer, 7 IPI, 8 remote fences, 9
 * hart states, 10 system reset, 12 debug console; chapter 5 for the legacy console of old
 * firmware).
 *
 * An ecall with the extension in a7 and the function in a6; error and value come back in a0 and
 * a1, all other registers are kept.
 */
#include <arch/riscv/boot.h>
#include <arch/riscv/sbi.h>
#include <lib/string.h>
#include <asm/errno.h>

#define EXT_LEGACY_PUTCHAR 0x01
#define EXT_BASE           0x10
#define EXT_TIME           0x54494d45
#define EXT_IPI            0x735049
#define EXT_RFENCE         0x52464e43
#define EXT_HSM            0x48534d
#define EXT_SRST           0x53525354
#define EXT_DBCN           0x4442434e

static bool has_debug_console;

struct sbi_result sbi_call(u64 extension, u64 function, u64 arg0, u64 arg1, u64 arg2, u64 arg3,
                           u64 arg4)
{
    register u64 a0 __asm__("a0") = arg0;
    register u64 a1 __asm__("a1") = arg1;
    register u64 a2 __asm__("a2") = arg2;
    register u64 a3 __asm__("a3") = arg3;
    register u64 a4 __asm__("a4") = arg4;
    register u64 a6 __asm__("a6") = function;
    register u64 a7 __asm__("a7") = extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

bool sbi_has_extension(u64 extension)
{
    struct sbi_result r = sbi_call(EXT_BASE, 3, extension, 0, 0, 0, 0);
    return r.error == 0 && r.value != 0;
}

void sbi_init(void)
{
    has_debug_console = sbi_has_extension(EXT_DBCN);
}

/* The debug console wants physical addresses, and stacks are not mapped one to one: through a
 * buffer in the image. Callers hold the console's lock. */
static bool debug_console_write(const char *text, size_t n)
{
    static char buffer[256];
    while (n > 0) {
        size_t part = min(n, sizeof(buffer));
        memcpy(buffer, text, part);
        struct sbi_result r = sbi_call(EXT_DBCN, 0, part, image_to_pa(buffer), 0, 0, 0);
        if (r.error || r.value <= 0)
            return false;
        text += r.value;
        n -= r.value;
    }
    return true;
}

void sbi_console_write(const char *text, size_t n)
{
    if (has_debug_console && debug_console_write(text, n))
        return;
    for (size_t i = 0; i < n; i++)
        sbi_call(EXT_LEGACY_PUTCHAR, 0, (u8)text[i], 0, 0, 0, 0);
}

void sbi_set_timer(u64 deadline)
{
    sbi_call(EXT_TIME, 0, deadline, 0, 0, 0, 0);
}

void sbi_send_ipi(u64 mask, u64 hartid_base)
{
    sbi_call(EXT_IPI, 0, mask, hartid_base, 0, 0, 0);
}

void sbi_remote_fence_i(u64 mask, u64 hartid_base)
{
    sbi_call(EXT_RFENCE, 0, mask, hartid_base, 0, 0, 0);
}

void sbi_remote_sfence(u64 mask, u64 hartid_base, u64 start, u64 size)
{
    sbi_call(EXT_RFENCE, 1, mask, hartid_base, start, size, 0);
}

void sbi_remote_sfence_asid(u64 mask, u64 hartid_base, u64 start, u64 size, u64 asid)
{
    sbi_call(EXT_RFENCE, 2, mask, hartid_base, start, size, asid);
}

int sbi_hart_start(u64 hartid, u64 start_pa, u64 arg)
{
    return sbi_call(EXT_HSM, 0, hartid, start_pa, arg, 0, 0).error ? -EIO : 0;
}

void sbi_shutdown(bool failure)
{
    sbi_call(EXT_SRST, 0, 0, failure, 0, 0, 0);
}

void sbi_reboot(void)
{
    sbi_call(EXT_SRST, 0, 1, 0, 0, 0, 0);
}
