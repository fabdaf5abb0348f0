// load_other.go — elsewhere everything but the system call is there, for tests and dry runs
// SPDX-License-Identifier: MIT

//go:build !(linux && arm64)

package purgatory

import "syscall"

func kexecLoad(uint64, []Segment, uintptr) syscall.Errno { return syscall.ENOSYS }
