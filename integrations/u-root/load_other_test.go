// load_other_test.go — elsewhere there is no such system call, and that is an error
// SPDX-License-Identifier: MIT

//go:build !(linux && arm64)

package purgatory

import (
	"errors"
	"syscall"
	"testing"
)

func TestLoadElsewhere(t *testing.T) {
	err := (&Image{0x1000, []Segment{{[]byte{1}, Range{0x1000, 1}}}}).Load(0)
	if !errors.Is(err, syscall.ENOSYS) {
		t.Error(err)
	}
	expectError(t, err, "kexec_load: entry 0x1000, 1 segments, flags 0x0: "+
		"function not implemented: an arm64 Linux with CONFIG_KEXEC has it")
}
