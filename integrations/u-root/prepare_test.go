// prepare_test.go — what is placed, filled in and digested; and a case for each rejection
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"
)

const page = 0x1000

// A kernel with memory beyond its file, a device tree, an initrd.
func testSegments() []Segment {
	return []Segment{
		{[]byte("kernel"), Range{0x40200000, 0x3001}},
		{[]byte("tree"), Range{0x48000000, 4}},
		{bytes.Repeat([]byte{7}, 5000), Range{0x4c000000, 5000}},
	}
}

func testOptions() Options {
	return Options{Entry: 0x40200000, DTB: 0x48000000, PageSize: page}
}

var testFree = []Range{{0x40000000, 0x40000000}}

func testPurgatory(t *testing.T) *Blob {
	t.Helper()
	blob, err := ParseBlob(testBlob())
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func TestPrepare(t *testing.T) {
	options := testOptions()
	options.Console, options.OnFailure, options.PSCI = uarts["pl011"], PowerOff, HVC
	options.Console.Base, options.Result = 0x9000000, 0x48000008
	blob, segments := testPurgatory(t), testSegments()
	image, err := Prepare(blob, segments, testFree, options)
	if err != nil {
		t.Fatal(err)
	}
	if image.Entry != 0x40000000 || len(image.Segments) != 4 || fmt.Sprint(image.Segments[:3]) != fmt.Sprint(segments) {
		t.Errorf("entry %#x, %d segments", image.Entry, len(image.Segments))
	}
	purgatory := image.Purgatory()
	if purgatory.Phys != (Range{image.Entry, testMemory}) {
		t.Errorf("the purgatory is at %v", purgatory.Phys)
	}
	if !bytes.Equal(blob.bytes, testBlob()) {
		t.Error("the blob was changed")
	}
	if !bytes.Equal(purgatory.Buf[:InfoOffset], testBlob()[:InfoOffset]) ||
		!bytes.Equal(purgatory.Buf[codeOffset:], testBlob()[codeOffset:]) {
		t.Error("more than the struct was changed")
	}

	at := purgatory.Buf[InfoOffset:]
	want := map[int]uint64{
		0x010: options.Entry, 0x018: options.DTB, 0x020: 0x001 | 2<<8 | 0x400, 0x028: 0x9000000,
		0x030: 4 /* and skip_checks 0 */, 0x038: testMemory, 0x378: options.Result,
		0x380: 0x18 << 32, 0x388: 8, // data, status; mask, ready
		0x040: 0x40200000, 0x048: 0x3001, 0x050: 0x48000000, 0x058: 4, 0x060: 0x4c000000, 0x068: 5000, 0x078: 0,
	}
	for offset, value := range want {
		if got := binary.LittleEndian.Uint64(at[offset:]); got != value {
			t.Errorf("at %#x: %#x, expected %#x", offset, got, value)
		}
	}
	kernel := make([]byte, 0x3001) // as it is in memory
	copy(kernel, "kernel")
	for i, memory := range [][]byte{kernel, []byte("tree"), segments[2].Buf} {
		if sum := sha256.Sum256(memory); !bytes.Equal(at[0x140+32*i:][:32], sum[:]) {
			t.Errorf("digest %d is not that of the memory", i)
		}
	}
	if !bytes.Equal(at[0x140+32*3:0x360], make([]byte, 13*32+32)) {
		t.Error("digests of unused regions, or a combined one")
	}
}

// What the blob was filled in with before does not stay.
func TestPrepareAgain(t *testing.T) {
	var segments []Segment
	for i := uint64(0); i < MaxSegments; i++ {
		segments = append(segments, Segment{[]byte{1}, Range{0x50000000 + i*page, 1}})
	}
	full, err := Prepare(testPurgatory(t), segments, testFree,
		Options{Entry: 0x50000000, OnFailure: Boot, PSCI: HVC, Console: Console{Base: 1, Mask: 2}, Result: 8, PageSize: page})
	if err != nil {
		t.Fatal(err)
	}
	if len(full.Segments) != kexecSegmentMax {
		t.Errorf("%d segments", len(full.Segments))
	}
	dirty := full.Purgatory().Buf
	dirty[InfoOffset+0x20] |= flagVerifyCombined | flagRelative
	dirty[InfoOffset+0x34] = 1  // skip_checks
	dirty[InfoOffset+0x340] = 1 // digest
	blob, err := ParseBlob(dirty)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Prepare(blob, testSegments(), testFree, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Prepare(testPurgatory(t), testSegments(), testFree, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Purgatory().Buf, fresh.Purgatory().Buf) {
		t.Error("something of the first time is left")
	}
}

// The purgatory lies where nothing else does, neither a segment's last page nor the result.
func TestPlace(t *testing.T) {
	for result, want := range map[uint64]uint64{0: 0x40204000, 0x40208ff8: 0x4020a000} {
		options := testOptions()
		options.Result = result
		image, err := Prepare(testPurgatory(t), testSegments(), []Range{{0x40203000, 0x100000}}, options)
		if err != nil {
			t.Error(err)
		} else if image.Entry != want {
			t.Errorf("result at %#x: entry %#x, expected %#x", result, image.Entry, want)
		}
	}
}

func TestDigestOfZeros(t *testing.T) {
	for _, size := range []uint64{1, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 18} {
		if sum := sha256.Sum256(make([]byte, size)); sum != (Segment{nil, Range{0, size}}).digest() {
			t.Errorf("%d zeros", size)
		}
	}
}

func TestPrepareRejections(t *testing.T) {
	tooMany := testSegments()
	for i := uint64(0); len(tooMany) <= MaxSegments; i++ {
		tooMany = append(tooMany, Segment{[]byte{1}, Range{0x50000000 + i*page, 1}})
	}
	// with has one more segment; set changes an option.
	with := func(segment Segment) func(*[]Segment, *[]Range, *Options) {
		return func(s *[]Segment, _ *[]Range, _ *Options) { *s = append(*s, segment) }
	}
	set := func(change func(*Options)) func(*[]Segment, *[]Range, *Options) {
		return func(_ *[]Segment, _ *[]Range, o *Options) { change(o) }
	}
	room := func(free ...Range) func(*[]Segment, *[]Range, *Options) {
		return func(_ *[]Segment, f *[]Range, _ *Options) { *f = free }
	}
	const noRoom = ", expected 0x5000 bytes below 2^48 beside the segments, from a multiple of 0x1000 on"
	for _, test := range []struct {
		name   string
		change func(*[]Segment, *[]Range, *Options)
		want   string
	}{
		{"no segments", func(s *[]Segment, _ *[]Range, _ *Options) { *s = nil },
			"segments: none, expected a kernel at least: nothing to verify"},
		{"too many segments", func(s *[]Segment, _ *[]Range, _ *Options) { *s = tooMany },
			"segments: 16, expected at most 15: kexec_load takes 16, and one is the purgatory"},
		{"empty", with(Segment{nil, Range{0x50000000, 0}}), "segment 3 at 0x50000000: empty, expected at least a byte"},
		{"less memory than bytes", with(Segment{[]byte("abc"), Range{0x50000000, 2}}),
			"segment 3 at 0x50000000: 3 bytes for 2 of memory, expected no more than fit"},
		{"too many zeros", with(Segment{[]byte("abc"), Range{0x50000000, 1<<30 + 4}}),
			"segment 3 at 0x50000000: 0x40000001 bytes of zeros behind the buffer, expected at most 0x40000000: each is hashed here, and again at every boot"},
		{"unaligned", with(Segment{[]byte("abc"), Range{0x50000800, 3}}),
			"segment 3 at 0x50000800: not aligned, expected a multiple of the page size 0x1000"},
		{"unaligned to larger pages", set(func(o *Options) { o.PageSize = 1 << 22 }),
			"segment 0 at 0x40200000: not aligned, expected a multiple of the page size 0x400000"},
		{"wrapping", with(Segment{nil, Range{math.MaxUint64 - 0xfff, 0x1001}}),
			"segment 3 at 0xfffffffffffff000: 0x1001 bytes that end above 2^64, expected an end below"},
		{"wrapping in its last page", with(Segment{nil, Range{math.MaxUint64 - 0xfff, 1}}),
			"segment 3 at 0xfffffffffffff000: 0x1 bytes that end above 2^64, expected an end below"},
		{"overlapping", with(Segment{[]byte("abc"), Range{0x4c001000, 3}}),
			"segment 3 at 0x4c001000: 0x4c001000-0x4c001003 overlaps 0x4c000000-0x4c001388 of segment 2, expected memory of its own"},
		{"overlapping in the last page", with(Segment{[]byte("abc"), Range{0x40203000, 3}}),
			"segment 3 at 0x40203000: 0x40203000-0x40203003 overlaps 0x40200000-0x40203001 of segment 0, expected memory of its own"},
		{"around another", with(Segment{nil, Range{0x47fff000, 0x10000}}),
			"segment 3 at 0x47fff000: 0x47fff000-0x4800f000 overlaps 0x48000000-0x48000004 of segment 1, expected memory of its own"},
		{"no entry", set(func(o *Options) { o.Entry = 0 }), "entry: 0x0, expected a multiple of 4, and not 0"},
		{"unaligned entry", set(func(o *Options) { o.Entry += 2 }), "entry: 0x40200002, expected a multiple of 4, and not 0"},
		{"entry before a segment", set(func(o *Options) { o.Entry -= 4 }), "entry: 0x401ffffc, expected an address in a segment"},
		{"entry behind a segment", set(func(o *Options) { o.Entry += 0x3004 }), "entry: 0x40203004, expected an address in a segment"},
		{"unaligned device tree", set(func(o *Options) { o.DTB += 4 }), "device tree: 0x48000004, expected a multiple of 8"},
		{"device tree elsewhere", set(func(o *Options) { o.DTB += 8 }), "device tree: 0x48000008, expected an address in a segment"},
		{"unaligned result", set(func(o *Options) { o.Result = 4 }), "result: 0x4, expected a multiple of 8"},
		{"wrapping result", set(func(o *Options) { o.Result = math.MaxUint64 - 7 }), "result: 0xfffffffffffffff8, expected an end below 2^64"},
		{"result in the kernel", set(func(o *Options) { o.Result = o.Entry }),
			"result: 0x40200000, expected a place in the device tree, behind its header, or in no segment"},
		{"result in a kernel's BSS", set(func(o *Options) { o.Result = o.Entry + 0x2ff8 }),
			"result: 0x40202ff8, expected a place in the device tree, behind its header, or in no segment"},
		{"result up to an initrd", set(func(o *Options) { o.Result = 0x4bfffff8 }),
			"result: 0x4bfffff8, expected a place in the device tree, behind its header, or in no segment"},
		{"result in a device tree's header", set(func(o *Options) { o.Result = o.DTB }),
			"result: 0x48000000, expected a place in the device tree, behind its header, or in no segment"},
		{"no failure action", set(func(o *Options) { o.OnFailure = 4 }), "failure action: 4, expected halt, reset, power off or boot"},
		{"no conduit", set(func(o *Options) { o.PSCI = 2 }), "PSCI conduit: 2, expected smc or hvc"},
		{"no page size", set(func(o *Options) { o.PageSize = 0x1800 }), "page size: 0x1800, expected a power of two, at least 0x1000"},
		{"small pages", set(func(o *Options) { o.PageSize = 0x800 }), "page size: 0x800, expected a power of two, at least 0x1000"},
		{"no free memory", room(), "free memory: no room for the purgatory in 0 ranges" + noRoom},
		{"too little of it", room(Range{0x40000000, 0x4fff}, Range{0x60000800, 0x57ff}),
			"free memory: no room for the purgatory in 2 ranges" + noRoom},
		{"all of it taken", room(Range{0x40200000, 0x8000}), "free memory: no room for the purgatory in 1 ranges" + noRoom},
		{"out of reach", room(Range{1 << 48, 1 << 30}), "free memory: no room for the purgatory in 1 ranges" + noRoom},
	} {
		t.Run(test.name, func(t *testing.T) {
			segments, free, options := testSegments(), testFree, testOptions()
			test.change(&segments, &free, &options)
			image, err := Prepare(testPurgatory(t), segments, free, options)
			expectError(t, err, test.want)
			var refusal *Error
			if image != nil || !errors.As(err, &refusal) {
				t.Errorf("%T, and an image: %v", err, image != nil)
			}
		})
	}
}
