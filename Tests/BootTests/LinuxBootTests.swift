// LinuxBootTests.swift — Debian's kernel, booted through the purgatory to user space; or refused
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite("Linux boots through the purgatory", .requiresQEMU, .requiresLinux)
struct LinuxBootTests {
  @Test("what was verified boots to user space", arguments: LinuxMachine.all)
  func boots(_ machine: LinuxMachine) async throws {
    let console = try await machine.boot(tampering: nil)
    let result = /, 3 regions, ([0-9]+) bytes\r\npurgatory: verified \1 bytes in [0-9]+ us \((.+)\)\r\n/
    #expect(console.firstMatch(of: result)?.output.2 == machine.path[...])
    #expect(console.contains("CPU: All CPU(s) started at \(machine.level == .el1 ? "EL1" : "EL2")"))
    #expect(console.contains("Booting Linux on physical CPU"))
    #expect(console.contains("userspace: reached on Linux \(try LinuxInputs.release)"))
  }

  @Test("a flipped byte is refused by name", arguments: LinuxMachine.onePath, Segment.Role.verified)
  func refuses(_ machine: LinuxMachine, _ role: Segment.Role) async throws {
    let console = try await machine.boot(tampering: role)
    let index = try #require(Segment.Role.verified.firstIndex(of: role))
    #expect(console.contains("purgatory: region \(index) at 0x"))
    #expect(console.contains("digest mismatch"))
    #expect(!console.contains("Booting Linux"))
  }
}

extension Segment.Role {
  /// In the order of the regions.
  fileprivate static let verified: [Segment.Role] = [.kernel, .dtb, .initrd]
}
