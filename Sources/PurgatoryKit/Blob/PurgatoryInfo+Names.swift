// PurgatoryInfo+Names.swift — the words for flags, actions and states, in options, texts and JSON
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension PurgatoryInfo.Flags {
  /// The names of the flags that are set, in bit order.
  package var names: [String] {
    let all: [(PurgatoryInfo.Flags, String)] = [
      (.verifyRegions, "verify-regions"), (.verifyCombined, "verify-combined"), (.relative, "relative"),
      (.noCache, "no-cache"), (.noCrypto, "no-crypto"), (.quiet, "quiet"),
    ]
    return all.filter { contains($0.0) }.map(\.1)
  }
}

extension PurgatoryInfo.FailureAction {
  package var name: String { "\(self)" }
}

extension PurgatoryInfo.PSCIConduit {
  package var name: String { "\(self)" }
}

extension PurgatoryInfo.Status {
  package var name: String {
    switch self {
    case .notRun: "not-run"
    case .running: "running"
    case .verified: "verified"
    case .skipped: "skipped"
    case .mismatch: "mismatch"
    case .exception: "exception"
    case .badInfo: "bad-info"
    }
  }
}
