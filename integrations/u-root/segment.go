// segment.go — bytes, and the physical memory that they are for; what kexec_load would refuse is refused with a reason
// SPDX-License-Identifier: MIT

package purgatory

import (
	"crypto/sha256"
	"fmt"
	"math"
)

// Range is physical memory: Size bytes from Start on.
type Range struct {
	Start, Size uint64
}

// String is "0xfirst-0xend", the end not included.
func (r Range) String() string { return fmt.Sprintf("%#x-%#x", r.Start, r.end()) }

func (r Range) end() uint64 { return r.Start + r.Size }

func (r Range) overlaps(other Range) bool { return r.Start < other.end() && other.Start < r.end() }

func (r Range) contains(address uint64) bool { return address-r.Start < r.Size }

// Segment is a buffer and where it goes. Its names and their meaning are those of u-root's kexec.Segment.
//
// kexec_load(2) clears what Phys has beyond Buf: those zeros are verified, too.
type Segment struct {
	Buf  []byte
	Phys Range
}

// maxZeros behind a buffer: each is hashed here, and again at every boot.
const maxZeros = 1 << 30

// digest is the SHA-256 of Phys as it will be after kexec_load.
func (s Segment) digest() (sum [DigestSize]byte) {
	hash := sha256.New()
	hash.Write(s.Buf)
	zeros := make([]byte, 1<<16)
	for left := s.Phys.Size - uint64(len(s.Buf)); left > 0; {
		if left < uint64(len(zeros)) {
			zeros = zeros[:left]
		}
		hash.Write(zeros)
		left -= uint64(len(zeros))
	}
	copy(sum[:], hash.Sum(nil))
	return sum
}

// check says what is wrong with a segment by itself.
func (s Segment) check(place string, page uint64) error {
	switch buffer := uint64(len(s.Buf)); {
	case s.Phys.Size == 0:
		return refuse(place, "empty", "at least a byte")
	case buffer > s.Phys.Size:
		return refuse(place, fmt.Sprintf("%d bytes for %d of memory", buffer, s.Phys.Size), "no more than fit")
	case s.Phys.Size-buffer > maxZeros:
		return refuse(place, fmt.Sprintf("%#x bytes of zeros behind the buffer", s.Phys.Size-buffer),
			fmt.Sprintf("at most %#x: each is hashed here, and again at every boot", uint64(maxZeros)))
	case s.Phys.Start%page != 0:
		return refuse(place, "not aligned", fmt.Sprintf("a multiple of the page size %#x", page))
	case s.Phys.Start > math.MaxUint64-roundUp(s.Phys.Size, page):
		return refuse(place, fmt.Sprintf("%#x bytes that end above 2^64", s.Phys.Size), "an end below")
	}
	return nil
}

// checkAll says what is wrong with segments, one by one and together. As each begins with a page, those that share no byte
// share no page.
func checkAll(segments []Segment, page uint64) error {
	if len(segments) == 0 {
		return refuse("segments", "none", "a kernel at least: nothing to verify")
	}
	if len(segments) > MaxSegments {
		return refuse("segments", fmt.Sprint(len(segments)),
			fmt.Sprintf("at most %d: kexec_load takes %d, and one is the purgatory", MaxSegments, kexecSegmentMax))
	}
	for i, segment := range segments {
		if err := segment.check(place(i, segment), page); err != nil {
			return err
		}
		for j, other := range segments[:i] {
			if segment.Phys.overlaps(other.Phys) {
				return refuse(place(i, segment), fmt.Sprintf("%v overlaps %v of segment %d", segment.Phys, other.Phys, j),
					"memory of its own")
			}
		}
	}
	return nil
}

// place names a segment as the purgatory names it, which calls it a region.
func place(index int, segment Segment) string {
	return fmt.Sprintf("segment %d at %#x", index, segment.Phys.Start)
}

// pages is the memory that a segment takes: kexec_load wants whole pages.
func pages(segment Segment, page uint64) Range {
	return Range{segment.Phys.Start, roundUp(segment.Phys.Size, page)}
}

// roundUp rounds up to a multiple of a power of two.
func roundUp(value, alignment uint64) uint64 { return (value + alignment - 1) &^ (alignment - 1) }
