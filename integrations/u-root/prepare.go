// prepare.go — from a blob and segments to what kexec_load(2) takes: placed, filled in, digests computed
// SPDX-License-Identifier: MIT

// Package purgatory puts a verifying purgatory between two Linux kernels on arm64. It takes the flat blob that
// `purgatory build -o` writes and the segments of the next kernel, finds a place for the blob, fills in its struct
// purgatory_info, and loads all of it with kexec_load(2). Nothing is linked or relocated.
//
// The purgatory's docs/abi.md is the contract; this package knows version 2 of it.
package purgatory

import (
	"fmt"
	"os"
)

// MaxSegments is how many segments there may be: kexec_load(2) takes 16, KEXEC_SEGMENT_MAX, and one is the purgatory.
// (The purgatory itself could verify as many as MaxRegions.)
const MaxSegments = kexecSegmentMax - 1

// Options are what the purgatory is told beside the segments. The zero value has no entry, and is refused.
type Options struct {
	Entry     uint64        // the next kernel's first instruction
	DTB       uint64        // its device tree; 0: x0 is what the running kernel leaves in it, which is no device tree
	Console   Console       // where the purgatory says what it found; the zero value: nowhere
	OnFailure FailureAction // what it does when verification fails
	PSCI      Conduit       // how it calls the firmware
	Result    uint64        // where it leaves a Result for the next kernel; 0: nowhere
	PageSize  uint64        // of the running kernel; 0: ask it
}

// Image is what kexec_load(2) takes.
type Image struct {
	Entry    uint64    // the purgatory's first byte
	Segments []Segment // those that were given, in their order, then the purgatory
}

// Purgatory is the segment that has the filled-in blob.
func (i *Image) Purgatory() Segment { return i.Segments[len(i.Segments)-1] }

// Prepare places the blob in the first of the free ranges that has room for it beside the segments, and has it verify
// all of them: segment N is the region N that it names when something differs.
//
// What is verified of a segment is Phys: the bytes of Buf, and zeros up to Phys.Size, which kexec_load puts there. The
// zeros that fill up the last page are not. What kexec_load or the purgatory would refuse for what can be seen here is an
// *Error.
//
// The blob's other choices (no caches, no SHA-2 instructions, quiet) stay as they were built. Neither the blob nor a
// buffer is written to, and no buffer may change until Load has returned.
func Prepare(blob *Blob, segments []Segment, free []Range, options Options) (*Image, error) {
	page := options.PageSize
	if page == 0 {
		page = uint64(os.Getpagesize())
	}
	if page < LoadAlignment || page&(page-1) != 0 {
		return nil, refuse("page size", hex(page), fmt.Sprintf("a power of two, at least %#x", LoadAlignment))
	}
	if err := checkAll(segments, page); err != nil {
		return nil, err
	}
	if err := options.check(segments); err != nil {
		return nil, err
	}

	var taken []Range
	if options.Result != 0 {
		taken = append(taken, Range{options.Result, resultSize})
	}
	for _, segment := range segments {
		taken = append(taken, segment.Phys)
	}
	memory := roundUp(blob.info.MemorySize, page)
	base, ok := findRoom(memory, page, free, taken)
	if !ok {
		return nil, refuse("free memory", fmt.Sprintf("no room for the purgatory in %d ranges", len(free)),
			fmt.Sprintf("%#x bytes below 2^48 beside the segments, from a multiple of %#x on", memory, page))
	}

	info := blob.info
	info.fill(segments, options)
	filled, err := blob.with(info)
	if err != nil {
		return nil, err
	}
	all := append([]Segment(nil), segments...)
	return &Image{base, append(all, Segment{filled, Range{base, info.MemorySize}})}, nil
}

// check says what is wrong with addresses that are to be in segments.
func (o Options) check(segments []Segment) error {
	inSegment := func(address uint64) bool {
		for _, segment := range segments {
			if segment.Phys.contains(address) {
				return true
			}
		}
		return false
	}
	switch {
	case o.Entry == 0 || o.Entry%4 != 0:
		return refuse("entry", hex(o.Entry), "a multiple of 4, and not 0")
	case !inSegment(o.Entry):
		return refuse("entry", hex(o.Entry), "an address in a segment")
	case o.DTB%8 != 0:
		return refuse("device tree", hex(o.DTB), "a multiple of 8")
	case o.DTB != 0 && !inSegment(o.DTB):
		return refuse("device tree", hex(o.DTB), "an address in a segment")
	case o.Result%8 != 0:
		return refuse("result", hex(o.Result), "a multiple of 8")
	case o.Result+resultSize < o.Result:
		return refuse("result", hex(o.Result), "an end below 2^64")
	case o.Result != 0 && !o.resultIsFree(segments):
		return refuse("result", hex(o.Result), "a place in the device tree, behind its header, or in no segment")
	case o.OnFailure > Boot:
		return refuse("failure action", fmt.Sprint(uint8(o.OnFailure)), "halt, reset, power off or boot")
	case o.PSCI > HVC:
		return refuse("PSCI conduit", fmt.Sprint(uint8(o.PSCI)), "smc or hvc")
	}
	return nil
}

// Bytes of a flattened device tree's header, version 17.
const fdtHeaderSize = 40

// resultIsFree says whether nothing of a segment is written over, after it was verified, but room in the device tree.
func (o Options) resultIsFree(segments []Segment) bool {
	result := Range{o.Result, resultSize}
	for _, segment := range segments {
		phys := segment.Phys
		if !phys.overlaps(result) {
			continue
		}
		offset := result.Start - phys.Start
		if o.DTB == 0 || phys.Start != o.DTB || offset < fdtHeaderSize || !phys.contains(result.Start+resultSize-1) {
			return false
		}
	}
	return true
}

// fill tells the purgatory all that it has to know.
func (i *info) fill(segments []Segment, o Options) {
	i.KernelEntry, i.DTBAddr, i.ResultAddr = o.Entry, o.DTB, o.Result

	i.Flags &^= flagVerifyCombined | flagRelative | flagOnFailureMask | flagPSCIHVC
	i.Flags |= flagVerifyRegions | uint64(o.OnFailure)<<flagOnFailureShift
	if o.PSCI == HVC {
		i.Flags |= flagPSCIHVC
	}
	i.SkipChecks = 0

	i.ConsoleBase, i.ConsoleAccess = o.Console.Base, o.Console.Access
	i.ConsoleData, i.ConsoleStatus = o.Console.Data, o.Console.Status
	i.ConsoleMask, i.ConsoleReady = o.Console.Mask, o.Console.Ready

	i.Regions = [MaxRegions]region{}
	i.Digests = [MaxRegions][DigestSize]byte{}
	i.Digest = [DigestSize]byte{}
	for n, segment := range segments {
		i.Regions[n] = region{segment.Phys.Start, segment.Phys.Size}
		i.Digests[n] = segment.digest()
	}
}
