// Version.swift — the release, as every report has it
// SPDX-License-Identifier: MIT

internal import CVersion
internal import CheckedArithmetic

/// The version of the command and of its library (semver.org): what the file VERSION says. The ABI of the blob has one of
/// its own, `PurgatoryInfo.version`.
public let purgatoryVersion = String(cString: cversion_release()).filter { !$0.isWhitespace }

/// The commit that this was built from, with a `+` if files were changed since; nil: it was not built by `make` in a
/// checkout.
package let purgatoryCommit = cversion_commit().map { String(cString: $0) }
