// load_linux_arm64.go — the system call, number 104
// SPDX-License-Identifier: MIT

package purgatory

import (
	"runtime"
	"syscall"
	"unsafe"
)

// kexecSegment is struct kexec_segment of linux/kexec.h.
type kexecSegment struct {
	buf   unsafe.Pointer
	bufsz uintptr
	mem   uintptr
	memsz uintptr
}

func kexecLoad(entry uint64, segments []Segment, flags uintptr) syscall.Errno {
	raw := make([]kexecSegment, len(segments))
	for n, segment := range segments {
		raw[n] = kexecSegment{nil, uintptr(len(segment.Buf)), uintptr(segment.Phys.Start), uintptr(segment.Phys.Size)}
		if len(segment.Buf) > 0 {
			raw[n].buf = unsafe.Pointer(&segment.Buf[0])
		}
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_KEXEC_LOAD,
		uintptr(entry), uintptr(len(raw)), uintptr(unsafe.Pointer(&raw[0])), flags, 0, 0)
	runtime.KeepAlive(raw)
	return errno
}
