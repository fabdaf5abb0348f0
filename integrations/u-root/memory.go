// memory.go — where there is room, and which memory /proc/iomem says is free
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
)

// maxAddress is the end of what a purgatory can be entered at.
const maxAddress = 1 << 48

// findRoom returns the lowest aligned base of size bytes within one of the free ranges, the first that has room, that
// overlap nothing that is taken.
func findRoom(size, alignment uint64, free, taken []Range) (uint64, bool) {
next:
	for _, range_ := range free {
		end := range_.end()
		if end > maxAddress || end < range_.Start {
			end = maxAddress
		}
		for at := range_.Start; ; {
			if at > end { // before it is rounded up, which then cannot wrap
				continue next
			}
			at = roundUp(at, alignment)
			if at > end || end-at < size {
				continue next
			}
			obstacle := false
			for _, other := range taken {
				if other.overlaps(Range{at, size}) {
					at, obstacle = other.end(), true
				}
			}
			if !obstacle {
				return at, true
			}
		}
	}
	return 0, false
}

// Memory is what a kernel says of its physical memory.
type Memory struct {
	// Free is RAM in which nothing stays: neither what is reserved nor what was set aside for a crash kernel. What the
	// running kernel itself takes is in it: kexec copies the segments there when that has left.
	Free []Range
	// Crash was set aside for a crash kernel: all segments of KexecOnCrash have to be there.
	Crash []Range
}

// ParseIOMem reads what root sees in /proc/iomem.
func ParseIOMem(text io.Reader) (Memory, error) {
	var ram, reserved, crash []Range
	number := 0
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		number++
		place := fmt.Sprintf("line %d", number)
		line := strings.TrimSpace(lines.Text())
		addresses, name, ok := strings.Cut(line, " : ")
		var first, last uint64
		if n, err := fmt.Sscanf(addresses, "%x-%x", &first, &last); !ok || n != 2 || err != nil || last < first {
			return Memory{}, refuse(place, fmt.Sprintf("%q", line), `"FIRST-LAST : NAME"`)
		}
		if last == math.MaxUint64 {
			last-- // an end of 2^64 is no number, and the last byte is nobody's RAM
		}
		range_ := Range{first, last - first + 1}
		switch name {
		case "System RAM":
			if last == 0 { // /proc/iomem is all zeros then
				return Memory{}, refuse(place, "addresses of 0", "to be root: others do not see them")
			}
			ram = append(ram, range_)
		case "reserved":
			reserved = append(reserved, range_)
		case "Crash kernel":
			crash = append(crash, range_)
		}
	}
	if err := lines.Err(); err != nil {
		return Memory{}, err
	}
	if len(ram) == 0 {
		return Memory{}, refuse("memory", "no System RAM", "a line of it")
	}
	return Memory{subtract(ram, append(reserved, crash...)), crash}, nil
}

// subtract returns what of the ranges is in none of the others.
func subtract(ranges, others []Range) []Range {
	for _, other := range others {
		var rest []Range
		for _, range_ := range ranges {
			if !range_.overlaps(other) {
				rest = append(rest, range_)
				continue
			}
			if range_.Start < other.Start {
				rest = append(rest, Range{range_.Start, other.Start - range_.Start})
			}
			if other.end() < range_.end() {
				rest = append(rest, Range{other.end(), range_.end() - other.end()})
			}
		}
		ranges = rest
	}
	return ranges
}
