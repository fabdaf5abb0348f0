// blob_test.go — what is a flat purgatory, and what is not: a case for each rejection
// SPDX-License-Identifier: MIT

package purgatory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
)

const (
	testCode   = 0x100
	testMemory = 0x5000
)

// testBlob is a flat purgatory with code of no use, sealed.
func testBlob() []byte {
	blob := make([]byte, codeOffset+testCode+EndSize)
	copy(blob, "a branch")
	copy(blob[0x38:], "ARM\x64")
	info := blob[InfoOffset:]
	copy(info, InfoMagic)
	binary.LittleEndian.PutUint32(info[0x08:], InfoVersion)
	binary.LittleEndian.PutUint32(info[0x0c:], InfoSize)
	binary.LittleEndian.PutUint64(info[0x38:], testMemory)
	for i := codeOffset; i < codeOffset+testCode; i++ {
		blob[i] = byte(i)
	}
	seal := sha256.New()
	seal.Write(blob[:8])
	seal.Write(blob[codeOffset : codeOffset+testCode])
	copy(blob[codeOffset+testCode:], seal.Sum(nil))
	copy(blob[len(blob)-8:], EndMagic)
	return blob
}

// expectError fails unless err says just that.
func expectError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("accepted, expected: %s", want)
	} else if err.Error() != want {
		t.Errorf("\n     got: %v\nexpected: %s", err, want)
	}
}

func TestBlobs(t *testing.T) {
	padded := append(testBlob(), make([]byte, 100)...)
	unsealed := testBlob()
	copy(unsealed[codeOffset+testCode:], make([]byte, DigestSize))
	for name, blob := range map[string][]byte{"as built": testBlob(), "padded": padded, "unsealed": unsealed} {
		before := append([]byte(nil), blob...)
		parsed, err := ParseBlob(blob)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if len(parsed.bytes) != len(testBlob()) || parsed.info.MemorySize != testMemory {
			t.Errorf("%s: %d bytes, memory_size %#x", name, len(parsed.bytes), parsed.info.MemorySize)
		}
		if !bytes.Equal(blob, before) {
			t.Errorf("%s: was changed", name)
		}
	}
}

func TestBlobRejections(t *testing.T) {
	const end = codeOffset + testCode + EndSize
	for _, test := range []struct {
		name   string
		change func(blob []byte) []byte
		want   string
	}{
		{"nothing", func([]byte) []byte { return nil },
			"size: 0 bytes, expected a flat purgatory of at least 1016: this one is cut short, or another file"},
		{"cut in the struct", func(b []byte) []byte { return b[:0x200] },
			"size: 512 bytes, expected a flat purgatory of at least 1016: this one is cut short, or another file"},
		{"no Image", func(b []byte) []byte { b[0x38] = 'B'; return b },
			`header.magic: "BRMd", expected "ARM\x64": a flat purgatory, as purgatory build -o writes it`},
		{"an ELF file", func(b []byte) []byte { copy(b[0x38:], "\x01\x00\x00\x00"); return b },
			`header.magic: "\x01\x00\x00\x00", expected "ARM\x64": a flat purgatory, as purgatory build -o writes it`},
		{"wrong magic", func(b []byte) []byte { b[InfoOffset] = 'p'; return b },
			`purgatory_info.magic: "pURGINFO", expected "PURGINFO"`},
		{"an older version", func(b []byte) []byte { b[InfoOffset+0x08] = 1; return b },
			"purgatory_info.version: 1, expected 2"},
		{"a newer version", func(b []byte) []byte { b[InfoOffset+0x08] = 3; return b },
			"purgatory_info.version: 3, expected 2"},
		{"wrong size", func(b []byte) []byte { b[InfoOffset+0x0c] = 0x88; return b },
			"purgatory_info.size: 0x388, expected 0x390"},
		{"cut at the end", func(b []byte) []byte { return b[:end-1] },
			`end: no "PURGEND." before byte 1271, expected a whole file: this one is cut short, or has something behind it`},
		{"cut in the code", func(b []byte) []byte { return b[:end-EndSize] },
			`end: no "PURGEND." before byte 1232, expected a whole file: this one is cut short, or has something behind it`},
		{"something behind", func(b []byte) []byte { return append(b, 1) },
			`end: no "PURGEND." before byte 1273, expected a whole file: this one is cut short, or has something behind it`},
		{"end too early", func(b []byte) []byte {
			return append(append(b[:codeOffset-8:codeOffset-8], EndMagic...), make([]byte, 100)...)
		}, `end: no "PURGEND." before byte 1076, expected a whole file: this one is cut short, or has something behind it`},
		{"too large", func(b []byte) []byte {
			return append(append(b, bytes.Repeat([]byte{1}, MaxFileSize)...), EndMagic...)
		}, "size: 9472 bytes, expected at most 8192"},
		{"too little memory", func(b []byte) []byte { copy(b[InfoOffset+0x38:], []byte{0xf7, 4, 0}); return b },
			"purgatory_info.memory_size: 0x4f7, expected from the file's 0x4f8 bytes to 0x40000"},
		{"too much memory", func(b []byte) []byte { copy(b[InfoOffset+0x38:], []byte{1, 0, 4}); return b },
			"purgatory_info.memory_size: 0x40001, expected from the file's 0x4f8 bytes to 0x40000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseBlob(test.change(testBlob()))
			expectError(t, err, test.want)
		})
	}
}

func TestDamagedCode(t *testing.T) {
	for _, at := range []int{0, 7, codeOffset, codeOffset + testCode - 1, codeOffset + testCode} {
		blob := testBlob()
		blob[at] ^= 0x10
		if _, err := ParseBlob(blob); err == nil || !strings.HasPrefix(err.Error(), "seal: code with SHA-256 ") {
			t.Errorf("byte %#x: %v", at, err)
		}
	}
}
