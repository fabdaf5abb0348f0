// abi_test.go — abi.go says what purgatory_info.h says
// SPDX-License-Identifier: MIT

package purgatory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const header = "../../purgatory/include/purgatory_info.h"

// macros are the header's, without PURGATORY_: what each stands for, as text.
func macros(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(header)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the header is not here: this is a copy of the package")
	}
	if err != nil {
		t.Fatal(err)
	}
	macros := map[string]string{}
	definition := regexp.MustCompile(`(?m)^#define PURGATORY_(\w+)[ \t]+([^/\n]+?)[ \t]*(/\*.*)?$`)
	for _, match := range definition.FindAllStringSubmatch(string(text), -1) {
		macros[match[1]] = match[2]
	}
	return macros
}

// value computes an expression that C and Go have in common.
func value(t *testing.T, expression string) uint64 {
	t.Helper()
	result, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expression)
	if err != nil {
		t.Fatalf("%q: %v", expression, err)
	}
	number, exact := constant.Uint64Val(result.Value)
	if !exact {
		t.Fatalf("%q is no uint64", expression)
	}
	return number
}

func TestConstants(t *testing.T) {
	macros := macros(t)
	for name, want := range map[string]uint64{
		"INFO_OFFSET":    InfoOffset,
		"INFO_SIZE":      InfoSize,
		"INFO_VERSION":   InfoVersion,
		"INFO_MAGIC":     binary.LittleEndian.Uint64([]byte(InfoMagic)),
		"END_MAGIC":      binary.LittleEndian.Uint64([]byte(EndMagic)),
		"END_SIZE":       EndSize,
		"MAX_REGIONS":    MaxRegions,
		"DIGEST_SIZE":    DigestSize,
		"LOAD_ALIGNMENT": LoadAlignment,

		"MAX_FILE_SIZE":   MaxFileSize,
		"MAX_MEMORY_SIZE": MaxMemorySize,

		"FLAG_VERIFY_REGIONS":   flagVerifyRegions,
		"FLAG_VERIFY_COMBINED":  flagVerifyCombined,
		"FLAG_RELATIVE":         flagRelative,
		"FLAG_ON_FAILURE_SHIFT": flagOnFailureShift,
		"FLAG_ON_FAILURE_MASK":  flagOnFailureMask,
		"FLAG_PSCI_HVC":         flagPSCIHVC,

		"ON_FAILURE_HALT":     uint64(Halt),
		"ON_FAILURE_RESET":    uint64(Reset),
		"ON_FAILURE_POWEROFF": uint64(PowerOff),
		"ON_FAILURE_BOOT":     uint64(Boot),

		"STATUS_NOT_RUN":   uint64(NotRun),
		"STATUS_RUNNING":   uint64(Running),
		"STATUS_VERIFIED":  uint64(Verified),
		"STATUS_SKIPPED":   uint64(Skipped),
		"STATUS_MISMATCH":  uint64(Mismatch),
		"STATUS_EXCEPTION": uint64(Exception),
		"STATUS_BAD_INFO":  uint64(BadInfo),

		"FAILED_COMBINED": FailedCombined,
		"PATH_CACHED":     PathCached,
		"PATH_SHA2":       PathSHA2,
	} {
		text, found := macros[name]
		if !found {
			t.Errorf("PURGATORY_%s: not in %s", name, header)
		} else if got := value(t, text); got != want {
			t.Errorf("PURGATORY_%s: %#x in the header, %#x here", name, got, want)
		}
	}
}

func TestFields(t *testing.T) {
	offsets := map[string]int{}
	offset := 0
	for i := 0; i < reflect.TypeOf(info{}).NumField(); i++ {
		field := reflect.TypeOf(info{}).Field(i)
		offsets[strings.ToLower(field.Name)] = offset
		offset += binary.Size(reflect.New(field.Type).Interface())
	}
	if offset != InfoSize {
		t.Errorf("the struct has %#x bytes, expected %#x", offset, InfoSize)
	}
	fields := 0
	for name, text := range macros(t) {
		field := strings.TrimPrefix(name, "INFO_")
		if field == name || field != strings.ToLower(field) {
			continue // a constant
		}
		fields++
		here, found := offsets[strings.ReplaceAll(field, "_", "")]
		if want := value(t, text); !found || uint64(here) != want {
			t.Errorf("%s: at %#x in the header, at %#x here (there: %v)", field, want, here, found)
		}
	}
	if fields != len(offsets) {
		t.Errorf("%d fields in the header, %d here", fields, len(offsets))
	}
}

func TestUARTs(t *testing.T) {
	macros := macros(t)
	for name, uart := range uarts {
		macro := "CONSOLE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		var values []uint64
		for _, text := range strings.Split(strings.Trim(macros[macro], "{} "), ",") {
			values = append(values, value(t, strings.TrimSpace(text)))
		}
		here := []uint64{
			uint64(uart.Access), uint64(uart.Data), uint64(uart.Status), uint64(uart.Mask), uint64(uart.Ready),
		}
		if fmt.Sprint(values) != fmt.Sprint(here) {
			t.Errorf("PURGATORY_%s: %v in the header, %v here", macro, values, here)
		}
	}
}
