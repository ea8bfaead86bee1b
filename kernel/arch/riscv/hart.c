/* SPDX-License-Identifier: MIT */
/*
 * Harts: finding them in the device tree, starting them, interrupting them.
 *
 * Locks: `call_lock` lets one hart_call() run at a time; it is taken with interrupts on and by
 * trying only, so that a hart that waits for it still answers the call in progress.
 */
#include <arch/riscv/asm_offsets.h>
#include <arch/riscv/boot.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <debug/assert.h>
#include <debug/log.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <asm/errno.h>

struct hart harts[MAX_HARTS];
u32 n_harts;
u64 harts_online;
struct machine machine;

u64 firmware_hart_base;
static bool hart_numbers_agree; /* with the firmware's, so masks need no translation */

#define EMERGENCY_STACK_SIZE 4096
static char emergency_stacks[MAX_HARTS][EMERGENCY_STACK_SIZE] __attribute__((aligned(16)));

/* ---- discovery ---------------------------------------------------------------------- */

/* "rv64imafdc_zicsr_sstc": single letters up to the first underscore or multi-letter name. */
static u64 isa_letters(const char *isa)
{
    u64 letters = 0;
    if (!str_starts_with(isa, "rv64"))
        return 0;
    for (const char *p = isa + 4; *p >= 'a' && *p <= 'z'; p++) {
        if (*p == 's' || *p == 'x' || *p == 'z')
            break;
        if (*p == 'g')
            letters |= isa_letters("rv64imafd");
        letters |= 1UL << (*p - 'a');
    }
    return letters;
}

static bool isa_has(const char *isa, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = strchr(isa, '_'); p; p = strchr(p, '_')) {
        p++;
        if (strncmp(p, name, n) == 0 && (p[n] == '_' || p[n] == '\0'))
            return true;
    }
    return false;
}

static u64 letter(char c)
{
    return 1UL << (c - 'a');
}

static void read_features(const void *dtb, const struct dt_cpu *cpu)
{
    u64 letters = isa_letters(cpu->isa);
    u64 shown =
        letter('i') | letter('m') | letter('a') | letter('f') | letter('d') | letter('c');
    machine.isa = cpu->isa;
    machine.mmu_type = cpu->mmu_type;
    machine.has_fpu = (letters & letter('f')) && (letters & letter('d'));
    machine.has_sstc = isa_has(cpu->isa, "sstc");
    machine.has_svadu = isa_has(cpu->isa, "svadu");
    machine.has_svade = isa_has(cpu->isa, "svade");
    machine.hwcap = letters & shown; /* vector state is not kept over a switch: not announced */
    machine.timebase = dt_timebase(dtb);
}

static void add_hart(u64 hartid)
{
    struct hart *h = &harts[n_harts];
    h->id = n_harts;
    h->hartid = hartid;
    h->emergency_stack = emergency_stacks[n_harts] + EMERGENCY_STACK_SIZE;
    n_harts++;
}

/* Names further than 63 from the smallest one do not fit in a firmware mask. */
static void choose_firmware_base(void)
{
    firmware_hart_base = harts[0].hartid;
    for (u32 i = 1; i < n_harts; i++)
        firmware_hart_base = min(firmware_hart_base, harts[i].hartid);
    while (n_harts > 1 && harts[n_harts - 1].hartid - firmware_hart_base > 63) {
        n_harts--;
        log_warn("hart %lu is out of reach of the firmware's masks: not used\n",
                 harts[n_harts].hartid);
    }
    hart_numbers_agree = true;
    for (u32 i = 0; i < n_harts; i++)
        if (harts[i].hartid - firmware_hart_base != i)
            hart_numbers_agree = false;
}

void hart_discover(const void *dtb, u64 boot_id)
{
    struct dt_cpu cpus[MAX_HARTS];
    unsigned n = dt_cpus(dtb, cpus, MAX_HARTS);
    n_harts = 0;
    add_hart(boot_id);
    for (unsigned i = 0; i < n; i++) {
        if (cpus[i].hartid == boot_id)
            read_features(dtb, &cpus[i]);
        else if (n_harts < MAX_HARTS)
            add_hart(cpus[i].hartid);
    }
    choose_firmware_base();
}

/* ---- start -------------------------------------------------------------------------- */

void hart_init_local(void)
{
    csr_write(scounteren, SCOUNTEREN_ALL);
    csr_clear(sstatus, SSTATUS_FS | SSTATUS_SUM);
    csr_write(sie, SIE_SOFT | SIE_TIMER | SIE_EXTERNAL);
    __atomic_store_n(&mycpu()->online, true, __ATOMIC_RELEASE);
    __atomic_fetch_or(&harts_online, hart_bit(mycpu()->id), __ATOMIC_SEQ_CST);
}

extern char boot_secondary[];

/* boot.S reads them by physical address. `entry` is written last. */
struct hart_start_record {
    u64 satp;
    struct thread *idle;
    void (*entry)(void);
    u64 hartid;
};
extern struct hart_start_record start_records[MAX_HARTS];
struct hart_start_record start_records[MAX_HARTS];
_Static_assert(offsetof(struct hart_start_record, satp) == START_SATP, "boot.S");
_Static_assert(offsetof(struct hart_start_record, idle) == START_IDLE, "boot.S");
_Static_assert(offsetof(struct hart_start_record, entry) == START_ENTRY, "boot.S");
_Static_assert(offsetof(struct hart_start_record, hartid) == START_HARTID, "boot.S");
_Static_assert(sizeof(struct hart_start_record) == START_SIZE, "boot.S");

int hart_start(u32 id, void (*entry)(void))
{
    struct hart_start_record *record = &start_records[id];
    record->satp = csr_read(satp);
    record->idle = harts[id].idle;
    record->hartid = harts[id].hartid;
    __atomic_store_n(&record->entry, entry, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return sbi_hart_start(harts[id].hartid, image_to_pa(boot_secondary), image_to_pa(record));
}

/* ---- interrupts between harts ------------------------------------------------------- */

u64 hart_mask_to_firmware(u64 mask)
{
    if (likely(hart_numbers_agree))
        return mask;
    u64 out = 0;
    for (u32 i = 0; i < n_harts; i++)
        if (mask & hart_bit(i))
            out |= 1UL << (harts[i].hartid - firmware_hart_base);
    return out;
}

void ipi_send(u64 mask, u64 reason)
{
    mask &= __atomic_load_n(&harts_online, __ATOMIC_RELAXED) & ~hart_bit(mycpu()->id);
    if (!mask)
        return;
    for (u32 i = 0; i < n_harts; i++)
        if (mask & hart_bit(i))
            __atomic_fetch_or(&harts[i].ipi_pending, reason, __ATOMIC_SEQ_CST);
    sbi_send_ipi(hart_mask_to_firmware(mask), firmware_hart_base);
}

u64 ipi_take(void)
{
    csr_clear(sip, SIE_SOFT); /* before the reasons are read: a later one interrupts again */
    return __atomic_exchange_n(&mycpu()->ipi_pending, 0, __ATOMIC_SEQ_CST);
}

static u32 call_lock;
static void (*call_fn)(void *);
static void *call_arg;
static u32 call_remaining;

void hart_call(void (*fn)(void *), void *arg)
{
    assert(irq_is_enabled());
    while (__atomic_exchange_n(&call_lock, 1, __ATOMIC_ACQUIRE))
        cpu_relax();
    u64 irq = irq_save();
    u64 mask = __atomic_load_n(&harts_online, __ATOMIC_SEQ_CST) & ~hart_bit(mycpu()->id);
    call_fn = fn;
    call_arg = arg;
    __atomic_store_n(&call_remaining, __builtin_popcountl(mask), __ATOMIC_RELEASE);
    ipi_send(mask, IPI_CALL);
    fn(arg);
    irq_restore(irq);
    while (__atomic_load_n(&call_remaining, __ATOMIC_ACQUIRE) > 0)
        cpu_relax();
    __atomic_store_n(&call_lock, 0, __ATOMIC_RELEASE);
}

void hart_call_handle(void)
{
    call_fn(call_arg);
    __atomic_fetch_sub(&call_remaining, 1, __ATOMIC_RELEASE);
}
