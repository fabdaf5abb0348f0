// Version.swift — the release, as every report has it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The version of the command and of its library (semver.org). The ABI of the blob has one of its own.
public let purgatoryVersion = "0.9.0"
