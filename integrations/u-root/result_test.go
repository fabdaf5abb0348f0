// result_test.go — the property for the result in device trees, whole and malformed; and what is in it
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

func cells(values ...uint32) []byte {
	var bytes []byte
	for _, value := range values {
		bytes = binary.BigEndian.AppendUint32(bytes, value)
	}
	return bytes
}

func begin(name string) []byte {
	node := append(cells(fdtBeginNode), name...)
	return append(node, make([]byte, 4-len(name)%4)...)
}

var end = cells(fdtEndNode)

// The strings block: "model" at 0, "purgatory,result" at 6.
const testStrings = "model\x00purgatory,result\x00"

func property(name uint32, value []byte) []byte {
	padded := append(append([]byte(nil), value...), make([]byte, -len(value)&3)...)
	return append(cells(fdtProp, uint32(len(value)), name), padded...)
}

func result() []byte { return property(6, make([]byte, resultSize)) }

// tree is a device tree of these tokens; its structure block is at 56, a multiple of 8.
func tree(tokens ...[]byte) []byte {
	structure := bytes.Join(tokens, nil)
	strings := 56 + len(structure)
	header := cells(fdtMagic, uint32(strings+len(testStrings)), 56, uint32(strings), 40, 17, 16, 0,
		uint32(len(testStrings)), uint32(len(structure)))
	return bytes.Join([][]byte{header, make([]byte, 16), structure, []byte(testStrings)}, nil)
}

func TestResultOffset(t *testing.T) {
	nop, stop := cells(fdtNop), cells(fdtEnd)
	for _, test := range []struct {
		name string
		dtb  []byte
		want uint64
	}{
		// 56, the root's 8, chosen's 12, the property's 12: 88.
		{"there", tree(begin(""), begin("chosen"), result(), end, end, stop), 88},
		{"behind others", tree(begin(""), property(0, []byte("abc\x00")), begin("other"), result(), end, begin("chosen"),
			property(0, []byte("x\x00")), nop, begin("sub"), end, nop, nop, nop, result(), end, end, stop), 192},
		{"not there", tree(begin(""), begin("chosen"), property(0, []byte("abc\x00")), end, end, stop), 0},
		{"in another node", tree(begin(""), begin("chosen2"), result(), end, end, stop), 0},
		{"in the root", tree(begin(""), result(), begin("chosen"), end, result(), end, stop), 0},
		{"deeper", tree(begin(""), begin("chosen"), begin("chosen"), result(), end, end, end, stop), 0},
		{"in a chosen elsewhere", tree(begin(""), begin("a"), begin("chosen"), result(), end, end, end, stop), 0},
	} {
		offset, err := ResultOffset(test.dtb)
		if err != nil || offset != test.want {
			t.Errorf("%s: %d, %v, expected %d", test.name, offset, err, test.want)
		}
		if offset != 0 && !bytes.Equal(test.dtb[offset-4:offset], cells(6)) {
			t.Errorf("%s: the property's value is not there", test.name)
		}
	}
}

func TestResultOffsetRejections(t *testing.T) {
	whole := tree(begin(""), begin("chosen"), result(), end, end, cells(fdtEnd))
	change := func(at int, value uint32) []byte {
		dtb := append([]byte(nil), whole...)
		copy(dtb[at:], cells(value))
		return dtb
	}
	malformed := func(at int) string {
		return fmt.Sprintf("device tree: malformed at byte %#x, expected a node, a property, or an end", at)
	}
	cut := fmt.Sprintf("device tree: %d bytes, expected all that its header tells of: it is cut short", len(whole))
	for _, test := range []struct {
		name string
		dtb  []byte
		want string
	}{
		{"no header", whole[:39], "device tree: 39 bytes, expected a header of 40"},
		{"no magic", change(0, 1), "device tree: magic 0x1, expected 0xd00dfeed"},
		{"an old version", change(20, 16), "device tree: version 16, expected 17"},
		{"a new version", change(24, 18), "device tree: version 17, expected 17"},
		{"cut short", whole[:len(whole)-1], fmt.Sprintf(
			"device tree: %d bytes, expected all that its header tells of: it is cut short", len(whole)-1)},
		{"structure outside", change(8, 0xfffffffc), cut},
		{"unaligned structure", change(8, 57), cut},
		{"strings outside", change(12, 0xffffffff), cut},
		{"no end", tree(begin("")), malformed(64)},
		{"name without end", tree(begin(""), cells(fdtBeginNode), []byte("abcd")), malformed(64)},
		{"too many ends", tree(begin(""), end, end, end), malformed(68)},
		{"half a property", tree(begin(""), cells(fdtProp, 4)), malformed(64)},
		{"long property", tree(begin(""), cells(fdtProp, 100, 0)), malformed(64)},
		{"huge property", tree(begin(""), cells(fdtProp, 0xffffffff, 0)), malformed(64)},
		{"name outside", tree(begin(""), cells(fdtProp, 0, 1000)), malformed(64)},
		{"no token", tree(begin(""), cells(5)), malformed(64)},
		{"another size", tree(begin(""), begin("chosen"), property(6, make([]byte, 15)), end, end, cells(fdtEnd)),
			"/chosen/purgatory,result: 15 bytes, expected 16"},
		{"unaligned", tree(begin(""), begin("chosen"), cells(fdtNop), result(), end, end, cells(fdtEnd)),
			"/chosen/purgatory,result: at byte 0x5c of the device tree, expected a multiple of 8: an FDT_NOP before it moves it there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ResultOffset(test.dtb)
			expectError(t, err, test.want)
		})
	}
}

// No bytes make it read beyond them.
func FuzzResultOffset(f *testing.F) {
	whole := tree(begin(""), begin("chosen"), result(), end, end, cells(fdtEnd))
	f.Add(whole)
	for at := range whole {
		for _, value := range []byte{0, 1, 0x7f, 0xff} {
			dtb := append([]byte(nil), whole...)
			dtb[at] = value
			f.Add(dtb)
		}
	}
	f.Fuzz(func(t *testing.T, dtb []byte) {
		if offset, err := ResultOffset(dtb); err == nil && offset+resultSize > uint64(len(dtb)) && offset != 0 {
			t.Errorf("%d of %d", offset, len(dtb))
		}
	})
}

func TestParseResult(t *testing.T) {
	got, err := ParseResult(cells(4, 2, 245265, PathCached|PathSHA2))
	if want := (Result{Mismatch, 2, 245265, 3}); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if never, err := ParseResult(make([]byte, 16)); err != nil || never.Status != NotRun {
		t.Errorf("%v, %v", never, err)
	}
	_, err = ParseResult(make([]byte, 15))
	expectError(t, err, "/chosen/purgatory,result: 15 bytes, expected 16")
	_, err = ParseResult(cells(7, 0, 0, 0))
	expectError(t, err, "/chosen/purgatory,result: status 7, expected at most 6")
	for status, name := range map[Status]string{NotRun: "not run", Verified: "verified", BadInfo: "bad info", 9: "status 9"} {
		if status.String() != name {
			t.Errorf("%d: %s", uint32(status), status)
		}
	}
}
