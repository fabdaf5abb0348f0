// Shell.swift — words as a shell takes them, in what a person may paste
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension String {
  /// As one word of a shell.
  package var quotedForShell: String {
    let isPlain =
      !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:@+%".contains($0)) }
    return isPlain ? self : "'\(replacing("'", with: "'\\''"))'"
  }
}
