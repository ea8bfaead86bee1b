# SPDX-License-Identifier: MIT
#
# calf: build, run, test.  `make help` lists the targets and the variables.
#
# Three kernels are built from the same sources, each in a folder of its own:
#   build/calf          what you run: optimised, no assertions
#   build/debug/calf    -DDEBUG: assertions, lock order, TLB ledger, poison
#   build/narrow/calf   debug with 8-bit reference counts, to meet their limit in a test
# Everything generated goes to build/ (safe to delete); downloads are kept in .cache/.

CPUS   ?= 2
MEM    ?= 512M
APPEND ?=
INITRD ?= build/initrd.cpio
DEBUG  ?= 0
STEPS  ?= 10000000
SEED   ?= 1
V      ?= 0

CROSS  ?= riscv64-linux-gnu-
CC     := $(CROSS)gcc
HOSTCC ?= gcc
KERNEL := $(if $(filter 1,$(DEBUG)),build/debug/calf,build/calf)
Q      := $(if $(filter 1,$(V)),,@)
say     = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' '$(1)' '$(2)')

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all help qemu qemu-gdb linux test test-build check bench storm model mutants doctor setup \
        fetch flags clean

all: build/calf build/initrd.cpio ## build the kernel and the initial file system

# ---- what is needed before anything is built ---------------------------------------

# Each group has a stamp. The first one installs all groups that the targets will ask for, so
# that there is one list to read and one run of apt-get.
NEED := build/.setup-build
GOALS := $(or $(MAKECMDGOALS),all)
GROUPS := build $(if $(filter qemu qemu-gdb linux test mutants bench storm setup,$(GOALS)),run) \
          $(if $(filter test test-build mutants check model setup,$(GOALS)),test) \
          $(if $(filter qemu-gdb setup,$(GOALS)),gdb)
build/.setup-build: tools/setup
	$(Q)tools/setup $(GROUPS)
	@mkdir -p build && touch $@
build/.setup-run build/.setup-test build/.setup-gdb: build/.setup-%: tools/setup | $(NEED)
	$(Q)tools/setup $*
	@touch $@

FETCHED := build/busybox build/linux/vmlinux build/libfdt/libfdt.h
build/busybox:          ; $(Q)tools/fetch busybox
build/linux/vmlinux:    ; $(Q)tools/fetch linux
build/libfdt/libfdt.h:  ; $(Q)tools/fetch libfdt
$(FETCHED): tools/packages.lock | $(NEED)

# ---- the kernel --------------------------------------------------------------------

# A warning is an error with the compilers that were tried; newer ones may know new warnings.
GCC_MAJOR = $(eval GCC_MAJOR := $(shell $(CC) -dumpversion 2>/dev/null | cut -d. -f1))$(GCC_MAJOR)
WERROR    ?= $(if $(filter 12 13 14,$(GCC_MAJOR)),-Werror)

# The compiler's own headers, asked for once and only when something is compiled.
GCC_INCLUDE = $(eval GCC_INCLUDE := $(shell $(CC) -print-file-name=include))$(GCC_INCLUDE)

ARCH_FLAGS := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
WARN_FLAGS  = -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
              -Wvla $(WERROR)
KERNEL_CPP  = -nostdinc -Ikernel -isystem $(GCC_INCLUDE) -isystem tools/libfdt \
              -isystem build/libfdt -isystem /usr/$(CROSS:-=)/include
KERNEL_FLAGS = -std=gnu11 $(ARCH_FLAGS) -O2 -g -ffreestanding -fno-pie -fno-common \
              -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-stack-protector \
              -fno-asynchronous-unwind-tables $(KERNEL_CPP)
KERNEL_LDS  := kernel/arch/riscv/kernel.ld
KERNEL_LINK  = $(CC) $(ARCH_FLAGS) -nostdlib -static -no-pie -T $(KERNEL_LDS) \
              -Wl,--no-warn-rwx-segments -Wl,--build-id=none -Wl,-z,max-page-size=4096

KERNEL_SRC := $(sort $(shell find kernel -name '*.[cS]' 2>/dev/null))
KERNEL_OBJ := $(addsuffix .o,$(KERNEL_SRC))
LIBFDT_OBJ := $(addprefix libfdt/,fdt.o fdt_ro.o fdt_check.o)

# The vDSO: a shared object that the kernel carries and maps into every process.
VDSO_FLAGS  = -std=gnu11 -march=rv64gc -mabi=lp64d -O2 -fPIC -shared -nostdlib -ffreestanding \
              -fno-stack-protector -fno-asynchronous-unwind-tables -Wall -Wextra \
              -Wno-unused-parameter $(WERROR) -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
              -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096
build/vdso.so: user/vdso/vdso.c user/vdso/sigreturn.S user/vdso/vdso.lds kernel/proc/vvar.h \
               Makefile | $(NEED)
	$(call say,VDSO,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(VDSO_FLAGS) $(KERNEL_CPP) -T user/vdso/vdso.lds user/vdso/vdso.c \
	  user/vdso/sigreturn.S -o $@.full
	$(Q)$(CROSS)strip -o $@ $@.full

# $(call kernel_in,FOLDER,EXTRA FLAGS): one kernel. It is linked twice: the first pass
# tells the addresses of all functions, the second carries them as a table that a
# backtrace reads (format: tools/ksyms).
define kernel_in
$(1)/%.c.o: %.c Makefile | $(NEED) build/libfdt/libfdt.h
	$$(call say,CC,$$<$(if $(filter build,$(1)),, ($(notdir $(1)))))
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(KERNEL_FLAGS) $$(WARN_FLAGS) $(2) -MD -MP -c $$< -o $$@

$(1)/%.S.o: %.S Makefile | $(NEED) build/libfdt/libfdt.h
	$$(call say,AS,$$<$(if $(filter build,$(1)),, ($(notdir $(1)))))
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(KERNEL_FLAGS) $(2) -MD -MP -c $$< -o $$@

$(1)/kernel/proc/vdso_image.S.o: build/vdso.so

$(1)/libfdt/%.o: build/libfdt/libfdt.h | $(NEED)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(KERNEL_FLAGS) $(2) -w -c build/libfdt/$$*.c -o $$@

$(1)/libfdt.a: $(addprefix $(1)/,$(LIBFDT_OBJ))
	$$(Q)rm -f $$@ && $(CROSS)ar rcs $$@ $$^

$(1)/calf: $(addprefix $(1)/,$(KERNEL_OBJ)) $(1)/libfdt.a $(KERNEL_LDS) tools/ksyms
	$$(call say,LINK,$$@)
	$$(Q)tools/ksyms </dev/null >$(1)/ksyms.0.S
	$$(Q)$(KERNEL_LINK) $$(filter %.o,$$^) $(1)/ksyms.0.S $(1)/libfdt.a -lgcc -o $(1)/calf.0
	$$(Q)$(CROSS)nm -n $(1)/calf.0 >$(1)/symbols
	$$(Q)tools/ksyms <$(1)/symbols >$(1)/ksyms.1.S
	$$(Q)$(KERNEL_LINK) $$(filter %.o,$$^) $(1)/ksyms.1.S $(1)/libfdt.a -lgcc -o $$@
	$$(Q)$(CROSS)nm -n $$@ >$(1)/symbols
	$$(Q)tools/ksyms <$(1)/symbols | cmp - $(1)/ksyms.1.S

-include $(patsubst %.o,$(1)/%.d,$(KERNEL_OBJ))
endef

$(eval $(call kernel_in,build,))
$(eval $(call kernel_in,build/debug,-DDEBUG=1 -fno-omit-frame-pointer))
$(eval $(call kernel_in,build/narrow,-DDEBUG=1 -DNARROW_COUNTS=1 -fno-omit-frame-pointer))

# ---- programs that run on the kernel -----------------------------------------------
#
# user/, tests/abi/, tests/boot/, bench/: each .c is one program, static glibc. The same
# binaries run on Linux. A script tests/abi/NAME.sh is a program too. user/xv6/: each .c is
# one program over our xv6 library, with one page of stack: so little is inlined (-O1).

USER_FLAGS  = -std=gnu11 -O2 -g -static -pthread -Wall -Wextra -Wno-unused-parameter \
              $(WERROR) -Ikernel -Itests
XV6_FLAGS   = -O1 -g -march=rv64gc -mcmodel=medany -static -nostdlib -ffreestanding \
              -fno-builtin -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
              -Wall -Wno-main -Iuser/xv6/include -Iuser/xv6
XV6_LINK    = -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096 -Wl,--build-id=none

programs_in = $(patsubst %.c,build/root/%,$(wildcard $(1)/*.c))
USER_BIN   := $(call programs_in,user)
TEST_BIN   := $(foreach d,abi boot storm,$(call programs_in,tests/$(d)))
BENCH_BIN  := build/root/bench/bench
TEST_SH    := $(patsubst %.sh,build/root/%,$(wildcard tests/abi/*.sh tests/boot/*.sh))
XV6_BIN    := $(call programs_in,user/xv6)
XV6_LIB    := $(addprefix build/root/,$(addsuffix .o,$(wildcard user/xv6/lib/*.[cS])))

$(USER_BIN) $(TEST_BIN): build/root/%: %.c Makefile | $(NEED)
	$(call say,PROG,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_FLAGS) -MD -MP -MF $@.d $< -o $@.full -lm
	$(Q)$(CROSS)strip -o $@ $@.full

$(BENCH_BIN): $(sort $(wildcard bench/*.c)) bench/bench.h Makefile | $(NEED)
	$(call say,PROG,bench)
	@mkdir -p $(@D)
	$(Q)$(CC) $(USER_FLAGS) $(filter %.c,$^) -o $@.full
	$(Q)$(CROSS)strip -o $@ $@.full

$(TEST_SH): build/root/%: %.sh
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

$(XV6_LIB): build/root/%.o: % Makefile | $(NEED)
	@mkdir -p $(@D)
	$(Q)$(CC) $(XV6_FLAGS) -Wextra -Wno-unused-parameter $(WERROR) -MD -MP -c $< -o $@

$(XV6_BIN): build/root/%: %.c Makefile $(XV6_LIB) | $(NEED)
	$(call say,XV6,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(XV6_FLAGS) $(XV6_LINK) -MD -MP -MF $@.d $< $(XV6_LIB) -lgcc -o $@.full
	$(Q)$(CROSS)strip -o $@ $@.full

-include $(addsuffix .d,$(USER_BIN) $(TEST_BIN) $(XV6_BIN)) $(XV6_LIB:.o=.d)

# ---- initial file systems ----------------------------------------------------------

ROOTFS := $(shell find user/rootfs -type f 2>/dev/null)
MKCPIO  = $(Q)tools/mkcpio --busybox build/busybox --tree user/rootfs $@ \
          $(foreach b,$(filter build/root/%,$^),$(b))

build/initrd.cpio: $(USER_BIN) $(XV6_BIN) build/busybox $(ROOTFS) tools/mkcpio
	$(call say,CPIO,$@)
	$(MKCPIO)

build/test.cpio: $(USER_BIN) $(XV6_BIN) $(TEST_BIN) $(TEST_SH) build/busybox $(ROOTFS) tools/mkcpio
	$(call say,CPIO,$@)
	$(MKCPIO)

build/bench.cpio: $(BENCH_BIN) build/busybox tools/mkcpio
	$(call say,CPIO,$@)
	$(Q)tools/mkcpio --busybox build/busybox $@ $<

# ---- tests that run on the host ----------------------------------------------------
#
# tests/host/NAME.c says on a line near its top which kernel files it is built with:
#   // with: kernel/lib/rbtree.c kernel/lib/string.c

HOST_FLAGS  = -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
              -fno-omit-frame-pointer -DHOST_TEST=1 -DDEBUG=1 -Wall -Wextra \
              -Wno-unused-parameter $(WERROR) -Itests/host/stub -Itests/host -Ikernel \
              -idirafter tools/libfdt -idirafter build/libfdt
HOST_BIN   := $(patsubst tests/host/%.c,build/host/%,$(wildcard tests/host/*.c))
with        = $(shell sed -n '1,30s,^// with: *,,p' $(1))

host_objects = $(patsubst %,build/host/o/%.o,$(1) $(call with,$(1)))

# Compiled once for all tests that want it.
build/host/o/%.c.o: %.c Makefile | build/.setup-test build/libfdt/libfdt.h
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -MD -MP -c $< -o $@

.SECONDEXPANSION:
$(HOST_BIN): build/host/%: $$(call host_objects,tests/host/%.c)
	$(call say,HOST,tests/host/$*.c)
	$(Q)$(HOSTCC) $(HOST_FLAGS) $^ -o $@ -lm -lpthread

# The same with optimisation and without sanitizers, for runs of millions of steps.
FAST_FLAGS   = -std=gnu11 -O2 -g -DHOST_TEST=1 -DDEBUG=1 -Wall -Wextra -Wno-unused-parameter \
               $(WERROR) -Itests/host/stub -Itests/host -Ikernel -idirafter tools/libfdt \
               -idirafter build/libfdt
fast_objects = $(patsubst %,build/fast/o/%.o,$(1) $(call with,$(1)))

build/fast/o/%.c.o: %.c Makefile | build/.setup-test build/libfdt/libfdt.h
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(FAST_FLAGS) -MD -MP -c $< -o $@

build/fast/trees: build/fast/%: $$(call fast_objects,tests/host/%.c)
	$(call say,HOST,tests/host/$*.c)
	$(Q)$(HOSTCC) $(FAST_FLAGS) $^ -o $@ -lm -lpthread

-include $(shell find build/host/o build/fast/o -name '*.d' 2>/dev/null)

# ---- targets -----------------------------------------------------------------------

help: ## this text
	@echo 'make TARGET [VARIABLE=value ...]'; echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14
	@echo; echo 'Variables (with what they are now)'
	@printf '  %-11s %s\n' 'CPUS=$(CPUS)' 'harts' 'MEM=$(MEM)' 'memory of the machine' \
	  'APPEND=$(APPEND)' 'more kernel command line, e.g. APPEND="fork=eager"' \
	  'INITRD=' 'initial file system, now $(INITRD)' \
	  'DEBUG=$(DEBUG)' '1: the debug kernel, with assertions' \
	  'V=$(V)' '1: show each command' \
	  'TESTS=$(TESTS)' 'make test: only tests with this in their name' \
	  'STEPS=' 'make model: how many steps, now $(STEPS)' \
	  'SEED=$(SEED)' 'make model: what its random numbers start from' \
	  'BENCH=' 'make bench: --quick, --only PREFIX, --runs LIST, --reuse, --write' \
	  'QEMU=' 'the emulator to use instead of qemu-system-riscv64' \
	  'QEMUFLAGS=' 'more options for it, e.g. QEMUFLAGS="-cpu rv64,svade=on,svadu=off"'
	@echo; echo 'Ctrl-A x leaves the emulator, Ctrl-A c reaches its monitor.'

qemu: build/.setup-run $(KERNEL) $(INITRD) ## boot to a shell prompt (Ctrl-A x leaves)
	$(Q)tools/qemu --kernel $(KERNEL) --initrd='$(INITRD)' --cpus $(CPUS) --mem $(MEM) \
	  --append='$(APPEND)'

qemu-gdb: build/.setup-run build/.setup-gdb $(KERNEL) $(INITRD) ## boot stopped, and gdb with ps, aspace, pte, frame
	$(Q)tools/qemu --kernel $(KERNEL) --initrd='$(INITRD)' --cpus $(CPUS) --mem $(MEM) \
	  --append='$(APPEND)' --gdb

linux: build/.setup-run build/linux/vmlinux $(INITRD) ## boot Debian's Linux with the same initrd, to compare
	$(Q)tools/qemu --kernel build/linux/vmlinux --initrd='$(INITRD)' --cpus $(CPUS) \
	  --mem $(MEM) --append='$(APPEND)' --patience 30

TEST_NEEDS := build/.setup-run build/.setup-test build/calf build/debug/calf \
              build/narrow/calf build/initrd.cpio build/test.cpio build/linux/vmlinux $(HOST_BIN)
test-build: $(TEST_NEEDS)

test: $(TEST_NEEDS) ## run every test; ends with "N passed, N failed" (TESTS=pattern: only those)
	$(Q)tests/run --no-build $(if $(TESTS),-k '$(TESTS)')

check: build/.setup-test build/libfdt/libfdt.h ## style: layers, sizes, headers, ABI table, formatting
	$(Q)tools/check

bench: build/.setup-run build/calf build/bench.cpio build/initrd.cpio build/linux/vmlinux ## measure against Linux and print the table
	$(Q)bench/run $(BENCH)

storm: build/.setup-run $(KERNEL) build/test.cpio ## a million forks, ten million breaks, all checked (STORM="--forks N --steps N storm")
	$(Q)tests/storm/run --kernel $(KERNEL) --append='$(APPEND)' $(STORM)

model: build/.setup-test build/fast/trees ## shared page tables against a plain model, ten million random steps
	$(Q)build/fast/trees $(SEED) $(STEPS)

mutants: $(TEST_NEEDS) ## break the code on purpose, one fault at a time, and see the tests notice
	$(Q)tests/mutants/run

doctor: ## versions of all tools, and the line that mends each
	@command -v python3 >/dev/null || { echo 'python3 is missing; make setup installs it and all else'; exit 1; }
	@tools/doctor

setup: build/.setup-build build/.setup-run build/.setup-test build/.setup-gdb ## install all that is needed
fetch: $(FETCHED) ## download what is borrowed from Debian

flags: # how the kernel is compiled, for the lints and for editors
	@echo '$(KERNEL_FLAGS) $(WARN_FLAGS) -DDEBUG=1'

clean: ## delete build/ (downloads stay in .cache/)
	rm -rf build
