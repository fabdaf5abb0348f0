// error.go — why something was refused
// SPDX-License-Identifier: MIT

package purgatory

import "fmt"

// Error says what was refused: where, what was found there, and what was expected.
// Who knows the file's name puts it before: fmt.Errorf("%s: %w", file, err).
type Error struct {
	Place    string
	Found    string
	Expected string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s, expected %s", e.Place, e.Found, e.Expected)
}

func refuse(place, found, expected string) *Error {
	return &Error{place, found, expected}
}

func hex(value uint64) string { return fmt.Sprintf("%#x", value) }
