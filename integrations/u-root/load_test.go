// load_test.go — the system call's errors; that it works is seen in QEMU, by Tests/RunTests/URootTests.swift
// SPDX-License-Identifier: MIT

package purgatory

import (
	"strings"
	"syscall"
	"testing"
)

func TestReasons(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EPERM: "root", syscall.EBUSY: "another", syscall.EINVAL: "half", syscall.EADDRNOTAVAIL: "crash",
	} {
		if !strings.Contains(reason(errno), want) {
			t.Errorf("%v: %q", errno, reason(errno))
		}
	}
	if reason(syscall.ENOMEM) != "" {
		t.Error("an error without more to say says more")
	}
}
