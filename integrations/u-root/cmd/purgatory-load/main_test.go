// main_test.go — the command line, and manifests: what is taken, and a case for each rejection
// SPDX-License-Identifier: MIT
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"purgatory"
)

func TestArguments(t *testing.T) {
	a, err := parse(strings.Fields("-e -console pl011@0x9000000 -on-failure reset -psci hvc blob manifest"))
	want := purgatory.Options{OnFailure: purgatory.Reset, PSCI: purgatory.HVC}
	want.Console, _ = purgatory.ParseConsole("pl011@0x9000000")
	if err != nil || !a.enter || a.blob != "blob" || a.manifest != "manifest" || a.iomem != "/proc/iomem" || a.options != want {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = parse([]string{"-p", "blob", "manifest"}); err != nil || a.enter || !a.crash || a.options != (purgatory.Options{}) {
		t.Errorf("%+v, %v", a, err)
	}
	for words, want := range map[string]string{
		"":                            "a purgatory and a manifest are needed",
		"blob":                        "a purgatory and a manifest are needed",
		"a b c":                       "a purgatory and a manifest are needed",
		"-e -o out blob manifest":     "-e enters what neither -p nor -o loads",
		"-e -p blob manifest":         "-e enters what neither -p nor -o loads",
		"-x blob manifest":            "flag provided but not defined: -x",
		"-on-failure x blob manifest": `-on-failure: "x", expected halt, reset, poweroff or boot`,
		"-psci x blob manifest":       `-psci: "x", expected smc or hvc`,
		"-console x blob manifest":    `console: "x", expected one of 8250, 8250-mmio32, pl011, raw, and @ADDRESS`,
	} {
		if _, err := parse(strings.Fields(words)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, expected %s", words, err, want)
		}
	}
}

// segment is one of a manifest, of a file that holds its own name.
func segment(folder, name string, base, size int) string {
	os.WriteFile(filepath.Join(folder, name), []byte(name), 0o644)
	return fmt.Sprintf(`{"name":"%s","file":"%s","base":%d,"size":%d,"memory_size":%d,"sha256":"%x"}`,
		name, name, base, len(name), size, sha256.Sum256([]byte(name)))
}

func write(t *testing.T, folder, text string) string {
	t.Helper()
	path := filepath.Join(folder, "manifest.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestManifestRejections(t *testing.T) {
	folder := t.TempDir()
	kernel := segment(folder, "kernel", 0x40200000, 0x2000)
	for _, test := range []struct{ text, want string }{
		{"", "manifest.json: unexpected end of JSON input, expected what purgatory build writes into a manifest"},
		{`{"version":-1}`, "manifest.json: version -1, expected 1"},
		{`{"version":2}`, "manifest.json: version 2, expected 1"},
		{`{"version":1,"segments":[]}`, "manifest.json: kernel at 0x0, device tree at 0x0, expected both"},
		{`{"version":1,"segments":[` + kernel + `]}`, "manifest.json: kernel at 0x40200000, device tree at 0x0, expected both"},
		{`{"version":1,"segments":[{"name":"kernel","file":"none"}]}`, "none: no such file or directory"},
		{`{"version":1,"segments":[{"base":-1}]}`, "manifest.json: json: cannot unmarshal number -1"},
		{`{"version":1,"segments":[` + strings.Replace(kernel, `"sha256":"`, `"sha256":"0`, 1) + `]}`,
			"kernel: SHA-256 6923dd1b"},
		{`{"version":1,"segments":[` + segment(folder, "dtb", 0x48000000, 3) + `]}`,
			"dtb: device tree: 3 bytes, expected a header of 40"},
	} {
		_, err := readManifest(write(t, folder, test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s:\n     got: %v\nexpected: %s", test.text, err, test.want)
		}
	}
	if _, err := readManifest(filepath.Join(folder, "none.json")); err == nil {
		t.Error("no manifest is one")
	}
}

// A device tree with room for the result, at byte 88 of it.
func testTree() []byte {
	var tree []byte
	for _, cell := range []uint32{
		0xd00dfeed, 133, 56, 116, 40, 17, 16, 0, 17, 60, 0, 0, 0, 0, // header, no reservations
		1, 0, 1, 0x63686f73, 0x656e0000, // the root, "chosen"
		3, 16, 0, 0, 0, 0, 0, 2, 2, 9, // the property
	} {
		tree = binary.BigEndian.AppendUint32(tree, cell)
	}
	return append(tree, "purgatory,result\x00"...)
}

func TestManifest(t *testing.T) {
	folder := t.TempDir()
	tree := testTree()
	if err := os.WriteFile(filepath.Join(folder, "tree"), tree, 0o644); err != nil {
		t.Fatal(err)
	}
	// The manifest's own purgatory is not even read.
	path := write(t, folder, fmt.Sprintf(`{"version":1,"entry":1,"segments":[{"name":"purgatory","file":"none"},%s,`+
		`{"name":"dtb","file":"%s/tree","base":1207959552,"memory_size":4096,"sha256":"%x"},%s]}`,
		segment(folder, "kernel", 0x40200000, 0x2000), folder, sha256.Sum256(tree), segment(folder, "initrd", 0x4c000000, 6)))
	next, err := readManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	if next.entry != 0x40200000 || next.dtb != 0x48000000 || next.result != 0x48000000+88 {
		t.Errorf("entry %#x, device tree %#x, result %#x", next.entry, next.dtb, next.result)
	}
	want := []purgatory.Segment{
		{Buf: []byte("kernel"), Phys: purgatory.Range{Start: 0x40200000, Size: 0x2000}},
		{Buf: tree, Phys: purgatory.Range{Start: 0x48000000, Size: 0x1000}},
		{Buf: []byte("initrd"), Phys: purgatory.Range{Start: 0x4c000000, Size: 6}},
	}
	if !reflect.DeepEqual(next.segments, want) {
		t.Errorf("%v", next.segments)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	folder := t.TempDir()
	blob := filepath.Join(folder, "purgatory.bin")
	if err := os.WriteFile(blob, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := run(arguments{blob: blob, manifest: "none"})
	if err == nil || !strings.HasPrefix(err.Error(), blob+": size: 5 bytes, expected ") {
		t.Error(err)
	}
}
