// memory_test.go — free memory: what /proc/iomem says, and where there is room in it
// SPDX-License-Identifier: MIT

package purgatory

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestParseIOMem(t *testing.T) {
	for _, test := range []struct{ name, text, free, crash string }{
		{"a virtual machine", `
09000000-09000fff : pl011@9000000
  09000000-09000fff : 9000000.pl011 pl011@9000000
40000000-7fffffff : System RAM
  40210000-417effff : Kernel code
  417f0000-41ceffff : reserved
  41cf0000-420affff : Kernel data
  48000000-480fffff : reserved
  5fe00000-7fdfffff : Crash kernel
  7ffff000-7fffffff : reserved
4010000000-401fffffff : PCI ECAM
`, "[0x40000000-0x417f0000 0x41cf0000-0x48000000 0x48100000-0x5fe00000 0x7fe00000-0x7ffff000]", "[0x5fe00000-0x7fe00000]"},
		{"two banks, one reserved", `
80000000-8fffffff : System RAM
  80000000-8fffffff : reserved
880000000-8ffffffff : System RAM
`, "[0x880000000-0x900000000]", "[]"},
		{"the end of the address space", "1000-ffffffffffffffff : System RAM", "[0x1000-0xffffffffffffffff]", "[]"},
		{"all of it", "0-ffffffffffffffff : System RAM", "[0x0-0xffffffffffffffff]", "[]"},
	} {
		memory, err := ParseIOMem(strings.NewReader(strings.TrimPrefix(test.text, "\n")))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if free, crash := fmt.Sprint(memory.Free), fmt.Sprint(memory.Crash); free != test.free || crash != test.crash {
			t.Errorf("%s: free %s, crash %s", test.name, free, crash)
		}
	}
}

func TestIOMemRejections(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "memory: no System RAM, expected a line of it"},
		{"no RAM", "0-fff : reserved\n", "memory: no System RAM, expected a line of it"},
		{"not root", "00000000-00000000 : System RAM\n", "line 1: addresses of 0, expected to be root: others do not see them"},
		{"no name", "0-fff : System RAM\n1000-1fff\n", `line 2: "1000-1fff", expected "FIRST-LAST : NAME"`},
		{"no range", "1000 : System RAM\n", `line 1: "1000 : System RAM", expected "FIRST-LAST : NAME"`},
		{"backwards", "1000-fff : System RAM\n", `line 1: "1000-fff : System RAM", expected "FIRST-LAST : NAME"`},
		{"too large", "0-10000000000000000 : System RAM\n",
			`line 1: "0-10000000000000000 : System RAM", expected "FIRST-LAST : NAME"`},
	} {
		_, err := ParseIOMem(strings.NewReader(test.text))
		t.Run(test.name, func(t *testing.T) { expectError(t, err, test.want) })
	}
}

func TestFindRoom(t *testing.T) {
	for _, test := range []struct {
		name        string
		free, taken []Range
		at          uint64
		found       bool
	}{
		{"at the start", []Range{{0x1000, 0x5000}}, nil, 0x1000, true},
		{"aligned", []Range{{0x1001, 0x5fff}}, nil, 0x2000, true},
		{"behind what is taken", []Range{{0x1000, 0x10000}}, []Range{{0x8000, 0x10}, {0x2000, 0x4001}}, 0x9000, true},
		{"between", []Range{{0x1000, 0x10000}}, []Range{{0, 0x2000}, {0x7000, 0x1000}}, 0x2000, true},
		{"in the next range", []Range{{0x1000, 0x4000}, {0x100000, 0x5000}}, nil, 0x100000, true},
		{"up to the limit", []Range{{1<<48 - 0x5000, 0x10000}}, nil, 1<<48 - 0x5000, true},
		{"a range that wraps", []Range{{0x1000, math.MaxUint64}}, nil, 0x1000, true},
		{"above the limit", []Range{{1<<48 - 0x4000, 0x10000}, {math.MaxUint64 - 0x7fff, 0x7fff}}, nil, 0, false},
		{"all taken", []Range{{0x1000, 0x10000}}, []Range{{0, 1 << 20}}, 0, false},
	} {
		if at, found := findRoom(0x5000, 0x1000, test.free, test.taken); at != test.at || found != test.found {
			t.Errorf("%s: %#x, %v", test.name, at, found)
		}
	}
}
