// result.go — what the purgatory leaves for the next kernel, and where a device tree has room for it
// SPDX-License-Identifier: MIT

package purgatory

import (
	"encoding/binary"
	"fmt"
)

// resultSize is that of the property /chosen/purgatory,result: four big-endian cells.
const resultSize = 16

// Result is what the purgatory stored before it entered this kernel.
type Result struct {
	Status       Status
	FailedRegion uint32 // the first region that differed, if Status is Mismatch; FailedCombined: no region by itself
	Microseconds uint32 // spent verifying; the largest value also stands for more
	Path         uint32 // PathCached, PathSHA2
}

// ParseResult reads the bytes of /proc/device-tree/chosen/purgatory,result. NotRun: no purgatory stored anything there.
func ParseResult(property []byte) (Result, error) {
	if len(property) != resultSize {
		return Result{}, refuse(resultProperty, fmt.Sprintf("%d bytes", len(property)), fmt.Sprint(resultSize))
	}
	cell := func(n int) uint32 { return binary.BigEndian.Uint32(property[4*n:]) }
	result := Result{Status(cell(0)), cell(1), cell(2), cell(3)}
	if result.Status > BadInfo {
		return Result{}, refuse(resultProperty, fmt.Sprintf("status %d", result.Status), fmt.Sprintf("at most %d", BadInfo))
	}
	return result, nil
}

func (s Status) String() string {
	names := []string{"not run", "running", "verified", "skipped", "mismatch", "exception", "bad info"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("status %d", uint32(s))
}

// ResultOffset finds the 16 bytes that a flattened device tree reserves as /chosen/purgatory,result. Options.Result is
// then the device tree's address and this offset. Where the tree has no such property the offset is 0.
func ResultOffset(dtb []byte) (uint64, error) {
	offset, size, err := findProperty(dtb, "chosen", "purgatory,result")
	switch {
	case err != nil || offset == 0:
		return 0, err
	case size != resultSize:
		return 0, refuse(resultProperty, fmt.Sprintf("%d bytes", size), fmt.Sprint(resultSize))
	case offset%8 != 0:
		return 0, refuse(resultProperty, fmt.Sprintf("at byte %#x of the device tree", offset),
			"a multiple of 8: an FDT_NOP before it moves it there")
	}
	return uint64(offset), nil
}

const resultProperty = "/chosen/purgatory,result"
