// Version.swift — the release, as `--version` and every report have it
// SPDX-License-Identifier: MIT

/// The version of the command and of its library (semver.org). The ABI of the blob has one of its own.
public let purgatoryVersion = "0.9.0"
