// InfoTests.swift — check_info on very many structs, against what docs/abi.md says
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

extension Routines {
  /// What `check_info` says, compared with the model; a blob's own bytes, too.
  func check(_ model: InfoModel) throws -> InfoModel.Verdict {
    core.place(model.bytes, at: blob.infoAddress)
    let mode: UInt64 = 0x8000
    try call("check_info", [], mode: mode, flags: model.flags, bias: model.bias(blob.base))
    let wanted = model.verdict(base: blob.base)
    let totals = try blob.address(of: "region_totals")
    var found = InfoModel.Verdict(reason: text(at: core[x: 0]))
    found.hasResult = core[x: 29] == mode | Mode.result
    guard found.hasResult || core[x: 29] == mode else {
      throw Difference(description: "\(model.bytes): mode is \(hex(core[x: 29]))")
    }
    // Those of a struct that is refused are nobody's business.
    (found.count, found.total) =
      wanted.reason == nil ? (core.word(at: totals), core.word(at: totals + 8)) : (wanted.count, wanted.total)
    guard found == wanted else {
      throw Difference(description: "\(model.bytes): \(found), expected \(wanted)")
    }
    guard core.read(at: blob.infoAddress, count: model.bytes.count) == model.bytes else {
      throw Difference(description: "\(model.bytes): changed")
    }
    return wanted
  }
}

@Suite struct InfoRoutine {
  @Test("refuses what docs/abi.md says, and says why", arguments: parts)
  func structs(_ part: Int) async throws {
    let routines = try await Routines(at: 0x4020_0000)
    var generator = SplitMix64(seed: UInt64(1000 + part))
    var counts: [String: Int] = [:]
    for _ in 0..<cases / parts.count {
      let verdict = try routines.check(.random(routines.blob.infoBytes, &generator))
      counts[verdict.reason ?? (verdict.hasResult ? "good, with a result" : "good"), default: 0] += 1
    }
    // Each answer is met often enough to mean something.
    for reason in [
      "magic", "version", "size", "kernel_entry", "result_addr", "region base", "region size",
      "nothing to verify", "good", "good, with a result",
    ] {
      #expect(counts[reason, default: 0] > cases / parts.count / 1000, "\(reason): \(counts)")
    }
  }
}
