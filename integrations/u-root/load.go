// load.go — kexec_load(2): whole pages, and its errors with their reasons
// SPDX-License-Identifier: MIT

package purgatory

import (
	"fmt"
	"os"
	"syscall"
)

// From linux/kexec.h.
const (
	kexecSegmentMax = 16
	kexecARM64      = 183 << 16 // EM_AARCH64

	// KexecOnCrash loads what a crash enters. All segments, and the free range, have to be in Memory.Crash.
	KexecOnCrash = 1
)

// Load hands the image to kexec_load(2); flags are 0 or KexecOnCrash. `reboot -k`, or reboot(2) with
// LINUX_REBOOT_CMD_KEXEC, then enters it.
func (i *Image) Load(flags uintptr) error {
	whole := make([]Segment, len(i.Segments))
	for n, segment := range i.Segments {
		whole[n] = Segment{segment.Buf, pages(segment, uint64(os.Getpagesize()))}
	}
	if errno := kexecLoad(i.Entry, whole, flags|kexecARM64); errno != 0 {
		return fmt.Errorf("kexec_load: entry %#x, %d segments, flags %#x: %w%s",
			i.Entry, len(whole), flags, errno, reason(errno))
	}
	return nil
}

// reason says what is behind the errors that somebody can mend.
func reason(errno syscall.Errno) string {
	switch errno {
	case syscall.EPERM:
		return ": needs root, and kernel.kexec_load_disabled=0"
	case syscall.EBUSY:
		return ": another kexec_load is at work"
	case syscall.EINVAL:
		return ": the segments take more than half of the memory, or are not where this kernel lets them be"
	case syscall.EADDRNOTAVAIL:
		return ": a segment is not where a crash kernel may be, or beyond what kexec can address"
	case syscall.ENOSYS:
		return ": an arm64 Linux with CONFIG_KEXEC has it"
	}
	return ""
}
