// ELFError.swift — what is wrong with an ELF file, and where
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// A file that is not a well-formed ELF file.
///
/// The texts are lower case, without a final period, with hexadecimal offsets and sizes. `place` may quote a
/// section name, which is bytes of a perhaps hostile file: escape it before it reaches a terminal.
package struct ELFError: Error, Equatable, Sendable {
  /// The part of the file, such as `ELF header`, `section header 3` or `symbol 7 of section 5 (.symtab)`.
  package var place: String
  /// What stands there.
  package var found: String
  /// What should stand there.
  package var expected: String

  package init(place: String, found: String, expected: String) {
    self.place = place
    self.found = found
    self.expected = expected
  }
}

/// Throws unless `condition` holds; the texts are made only then.
func check(
  _ condition: Bool, _ place: @autoclosure () -> String, found: @autoclosure () -> String,
  expected: @autoclosure () -> String
) throws(ELFError) {
  guard condition else { throw ELFError(place: place(), found: found(), expected: expected()) }
}

/// The range of `size` bytes at `offset`, all of which have to be inside the `fileSize` bytes of the file.
func checkedRange(
  offset: UInt64, size: UInt64, fileSize: Int, place: String
) throws(ELFError) -> Range<Int> {
  guard let start = Int(exactly: offset), let count = Int(exactly: size), let end = start.plus(count),
    end <= fileSize
  else {
    throw ELFError(
      place: place, found: "\(hex(size)) bytes at offset \(hex(offset))",
      expected: "bytes inside the file of \(hex(fileSize)) bytes")
  }
  return start..<end
}

func hex(_ value: some BinaryInteger) -> String {
  "0x" + String(value, radix: 16)
}
