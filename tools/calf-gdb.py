# SPDX-License-Identifier: MIT
"""gdb commands that know calf's structures; loaded by `make qemu-gdb`.

    ps               every process: id, parent, state, name, threads, where each one is
    aspace PID       its areas, and how many pages of each are shared, private, or never touched
    pte PID VA       the page-table entries on the way to a user address, and the frame
    frame PFN        one frame: type, references, and where it is (PFN may be an address)

They read memory only, so they work on a stopped machine in any state, after a panic too.
"""
import re

import gdb

STATES = {0: "new", 1: "runnable", 2: "running", 3: "sleeping", 4: "dead"}
TYPES = ("free", "reserved", "kernel", "slab", "table", "anon", "file")
PTE_BITS = (("V", 0), ("R", 1), ("W", 2), ("X", 3), ("U", 4), ("G", 5), ("A", 6), ("D", 7),
            ("COW", 8), ("SHARED", 9))
PROT = ((1, "r"), (2, "w"), (4, "x"))
LEVELS, ENTRIES, PAGE = 3, 512, 4096
DIRECT_BASE = 0xffffffc000000000
SLOT_BITS = 6
ADDRESS = 0xffffffffffffffff


def value(text):
    return gdb.parse_and_eval(text)


def number(text):
    return int(value(text)) & ADDRESS


def read_u64(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def direct(physical):
    return physical - number("phys_base") + DIRECT_BASE


def container(address, type_name, member):
    """The object of a type of which `member` lies at an address."""
    kind = gdb.lookup_type(type_name)
    offset = int(gdb.Value(0).cast(kind.pointer()).dereference()[member].address)
    return gdb.Value(int(address) - offset).cast(kind.pointer()).dereference()


def list_of(head, type_name, member):
    link = head["next"]
    while int(link) != int(head.address):
        yield container(link, type_name, member)
        link = link["next"]


def radix_values(tree):
    """Every (index, value) of a struct radix_tree."""
    node_type = gdb.lookup_type("struct radix_node").pointer()

    def below(pointer, height, index):
        if not int(pointer):
            return
        if height == 0:
            yield index, pointer
            return
        slots = pointer.cast(node_type)["slots"]
        for slot in range(1 << SLOT_BITS):
            yield from below(slots[slot], height - 1, index << SLOT_BITS | slot)

    yield from below(tree["root"], int(tree["height"]), 0)


def processes():
    kind = gdb.lookup_type("struct pid").pointer()
    numbers = gdb.lookup_global_symbol("numbers") or gdb.lookup_static_symbol("numbers")
    for _, pointer in radix_values(numbers.value()):
        proc = pointer.cast(kind)["proc"]
        if int(proc):
            yield proc.dereference()


def process(text):
    wanted = number(text)
    for proc in processes():
        if int(proc["pid"]["nr"]) == wanted:
            return proc
    raise gdb.GdbError(f"no process {wanted}; `ps` lists them")


def aspace_of(proc):
    if not int(proc["aspace"]):
        raise gdb.GdbError("it has no address space: a zombie, or about to be one")
    return proc["aspace"].dereference()


def symbol_at(address):
    text = gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0]
    return text if "No symbol" not in text else f"{address:#x}"


# How threads get to sleep; the reader wants to know what called these.
WAITING = re.compile("switch_to|sched|wait_|sleep|mutex_|rw_|context_|thread_|irq_|timer_")


def left_in(thread):
    """The first return address on the stack that it left which is not the scheduler's own."""
    start, end = int(thread["context"]["sp"]) & ADDRESS, int(thread["kernel_sp"]) & ADDRESS
    if not start < end <= start + 2 * PAGE:
        return None
    data = gdb.selected_inferior().read_memory(start, end - start).tobytes()
    text = number("&image_start"), number("&image_end")
    for offset in range(0, len(data) - 7, 8):
        word = int.from_bytes(data[offset:offset + 8], "little")
        name = symbol_at(word) if text[0] <= word < text[1] else ""
        if " + " in name and not WAITING.match(name):
            return name.split(" + ")[0]
    return None


def place(thread):
    """Where a thread is, as far as the stack that it left tells."""
    state = STATES.get(int(thread["state"]), "?")
    if state == "running":
        return f"running on hart {int(thread['hart']['id'])}"
    where = left_in(thread)
    return f"{state} in {where}" if where else state


def bits(entry):
    return " ".join(name for name, bit in PTE_BITS if entry >> bit & 1) or "empty"


def walk(aspace, address):
    """[(level, entry)] from the root to the last entry that there is."""
    table, found = int(aspace["root"]) & ADDRESS, []
    for level in reversed(range(LEVELS)):
        entry = read_u64(table + (address >> 12 + 9 * level) % ENTRIES * 8)
        found.append((level, entry))
        if not entry & 1 or entry & 0xe:
            break
        table = direct((entry >> 10) << 12)
    return found


def leaves(aspace, start, end):
    """[(address, entry)] of all leaf entries of a range, by whole tables."""
    def below(table, level, base):
        span = PAGE << 9 * level
        data = gdb.selected_inferior().read_memory(table, PAGE).tobytes()
        for slot in range(ENTRIES):
            address = base + slot * span
            entry = int.from_bytes(data[slot * 8:slot * 8 + 8], "little")
            if not entry & 1 or address + span <= start or address >= end:
                continue
            if entry & 0xe:
                yield address, entry
            elif level:
                yield from below(direct((entry >> 10) << 12), level - 1, address)
    return below(int(aspace["root"]) & ADDRESS, LEVELS - 1, 0)


def page(pfn):
    first, end = number("page_first_pfn"), number("page_end_pfn")
    if not first <= pfn < end:
        raise gdb.GdbError(f"frame {pfn:#x} is not RAM ({first:#x} to {end:#x} is)")
    return value("page_array")[pfn - first]


def page_text(pfn):
    frame = page(pfn)
    kind = int(frame["type"])
    name = TYPES[kind] if kind < len(TYPES) else str(kind)
    return f"{name}, {int(frame['count'])} references"


def areas(aspace):
    def below(node):
        if not int(node):
            return
        yield from below(node["left"])
        yield container(node, "struct vma", "node")
        yield from below(node["right"])
    return below(aspace["areas"]["top"])


def area_name(area):
    if int(area["file"]):
        return "file"
    flags = int(area["flags"])
    for bit, name in ((0x80, "[heap]"), (0x100, "[stack]"), (0x40, "[vdso]")):
        if flags & bit:
            return name
    return "object" if int(area["object"]) else "anonymous"


class Command(gdb.Command):
    """A command whose text is the docstring of the method run()."""

    def __init__(self, name, usage, arguments):
        self.usage, self.arguments = usage, arguments
        self.__doc__ = next(line.strip() for line in __doc__.splitlines()
                            if line.startswith("    " + usage))
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != self.arguments:
            raise gdb.GdbError("usage: " + self.usage)
        self.run(*words)


class Ps(Command):
    def run(self):
        print("  PID  PPID  THREADS  NAME             WHERE")
        for proc in processes():
            parent = int(proc["parent"]["pid"]["nr"]) if int(proc["parent"]) else 0
            threads = [row["thread"] for row in
                       list_of(proc["threads"], "struct uthread", "link")]
            name = threads[0]["name"].string() if threads else "-"
            where = place(threads[0]) if threads else "zombie"
            print(f"{int(proc['pid']['nr']):5} {parent:5} {len(threads):8}  {name:16} {where}")
            for thread in threads[1:]:
                print(" " * 23 + f"thread {int(thread['tid']):<9} {place(thread)}")


class Aspace(Command):
    def run(self, pid):
        aspace = aspace_of(process(pid))
        print("START        END          PROT   PAGES  PRIVATE   SHARED    ZERO  UNTOUCHED  WHAT")
        zero = int(value("zero_page") - value("page_array")) + number("page_first_pfn")
        for area in areas(aspace):
            start, end, protection = (int(area[name]) for name in ("start", "end", "prot"))
            count = {"private": 0, "shared": 0, "zero": 0}
            for _, entry in leaves(aspace, start, end):
                pfn = entry >> 10 & (1 << 44) - 1
                shared = int(page(pfn)["count"]) > 1
                count["zero" if pfn == zero else "shared" if shared else "private"] += 1
            pages = (end - start) // PAGE
            text = "".join(letter if protection & bit else "-" for bit, letter in PROT)
            text += "s" if int(area["flags"]) & 1 else "p"
            print(f"{start:012x} {end:012x} {text} {pages:7} {count['private']:8} "
                  f"{count['shared']:8} {count['zero']:7} {pages - sum(count.values()):10}  "
                  f"{area_name(area)}")
        print(f"engine of fork: {aspace['engine'].dereference()['name'].string()}")


class Pte(Command):
    def run(self, pid, address):
        virtual = number(address)
        for level, entry in walk(aspace_of(process(pid)), virtual):
            print(f"level {level}: {entry:#018x}  {bits(entry)}")
        if entry & 1 and entry & 0xe:
            pfn = entry >> 10 & (1 << 44) - 1
            print(f"frame {pfn:#x}: {page_text(pfn)}; the kernel sees it at "
                  f"{direct(pfn << 12):#x}")


class Frame(gdb.Command):
    """frame PFN: one frame of memory. Small numbers and words are gdb's own: a stack frame."""

    SMALLEST = 0x1000

    def invoke(self, argument, _from_tty):
        try:
            wanted = number(argument) if argument.strip() else 0
        except gdb.error:
            wanted = 0
        if wanted < self.SMALLEST:
            gdb.execute("select-frame " + argument)
            gdb.execute("up 0")
        else:
            self.show(wanted)

    @staticmethod
    def show(wanted):
        if wanted >= DIRECT_BASE:
            wanted = wanted - DIRECT_BASE + number("phys_base") >> 12
        elif wanted >= number("page_end_pfn"):
            wanted >>= 12
        print(f"frame {wanted:#x} at {direct(wanted << 12):#x}: {page_text(wanted)}")
        print(page(wanted))


Ps("ps", "ps", 0)
Aspace("aspace", "aspace PID", 1)
Pte("pte", "pte PID VA", 2)
Frame("frame", gdb.COMMAND_STACK)
print("The machine stands before its first instruction. For example: break cow_break, continue,\n"
      "backtrace; then ps, aspace 1, pte 1 0x10000, frame 0x80200. Ctrl-C stops a running machine.")
