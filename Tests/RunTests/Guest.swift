// Guest.swift — a payload that says what x0 is, and powers off or goes on for ever; and a manifest to run it from
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

struct Guest {
  var conduit = PurgatoryInfo.PSCIConduit.hvc
  var ends = true

  static let base: UInt64 = 0x5000_0000

  /// It writes `D` if x0 points to a device tree, otherwise `N`.
  var bytes: [UInt8] {
    var code: [UInt32] = [
      0xb940_0001,  // ldr w1, [x0]
      0x5281_ba02,  // movz w2, #0x0dd0
      0x72bd_bfc2,  // movk w2, #0xedfe, lsl #16    a DTB's magic
      0x5280_09c3,  // movz w3, #'N'
      0x5280_0884,  // movz w4, #'D'
      0x6b02_003f,  // cmp w1, w2
      0x1a83_0083,  // csel w3, w4, w3, eq
      0xd2a1_2005,  // movz x5, #0x0900, lsl #16    the PL011
      0x3900_00a3,  // strb w3, [x5]
      0x5280_0143,  // movz w3, #'\n'
      0x3900_00a3,  // strb w3, [x5]
    ]
    if ends {
      code += [
        0x52b0_8000,  // movz w0, #0x8400, lsl #16
        0x7280_0100,  // movk w0, #8                  PSCI SYSTEM_OFF
        conduit == .hvc ? 0xd400_0002 : 0xd400_0003,
      ]
    }
    return [UInt8](instructions: code + [0x1400_0000])  // b .
  }

  /// Options of `build` that load the guest, and nothing else.
  var options: [String] {
    [
      "--segment", "guest@\(Self.base)", "--kernel-entry", "\(Self.base)", "--console", "pl011@0x9000000",
      "--psci", conduit.name, "--on-failure", "poweroff",
    ]
  }

  /// Builds `out/` in `folder`, by default in the machine's memory above its own device tree.
  func build(in folder: Folder, _ more: [String] = ["--memory", "0x40200000+512M"]) async throws {
    try folder.write(bytes, to: "guest")
    try await folder.done(["build", "--output-dir", "out"] + options + more)
  }
}

extension Folder {
  /// `purgatory run`, by default with the hang guard of all tests.
  func run(
    _ arguments: [String], timeout: Int? = nil, environment: [String: String] = [:]
  ) async throws -> Outcome {
    let hangGuard = Int(clamping: Machine.defaultHangGuard.components.seconds)
    return try await QEMU.slots.run {
      if Hangs.areTooMany { throw Machine.Failure.notStarted }
      let outcome = try await self.purgatory(
        ["run", "--timeout", "\(timeout ?? hangGuard)"] + arguments, environment: environment)
      if outcome.error.contains("nothing ended the run in \(hangGuard) s") {
        Hangs.add()
        throw Machine.Failure.hung(console: outcome.text)
      }
      return outcome
    }
  }
}

extension Outcome {
  /// The console's lines.
  var lines: [Substring] { text.split(whereSeparator: \.isNewline) }
}
