// example_test.go — what u-root's kexec code would do; the README's lines are from here
// SPDX-License-Identifier: MIT

package purgatory_test

import (
	"fmt"
	"os"

	"purgatory"
)

// kexec loads the next kernel through a purgatory.
func kexec(blob []byte, segments []purgatory.Segment, kernel, dtb uint64) error {
	checked, err := purgatory.ParseBlob(blob)
	if err != nil {
		return err
	}
	iomem, err := os.Open("/proc/iomem")
	if err != nil {
		return err
	}
	defer iomem.Close()
	memory, err := purgatory.ParseIOMem(iomem)
	if err != nil {
		return err
	}
	console, err := purgatory.ParseConsole("pl011@0x9000000")
	if err != nil {
		return err
	}
	image, err := purgatory.Prepare(checked, segments, memory.Free, purgatory.Options{
		Entry: kernel, DTB: dtb, Console: console, OnFailure: purgatory.Reset, PSCI: purgatory.HVC,
	})
	if err != nil {
		return err
	}
	return image.Load(0)
}

func Example() {
	fmt.Println(kexec([]byte("no purgatory"), nil, 0, 0))
	// Output: size: 12 bytes, expected a flat purgatory of at least 1016: this one is cut short, or another file
}
