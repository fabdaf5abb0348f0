// QEMUBoardTests.swift — other UARTs and other memory than virt's: the purgatory is heard, and Linux reaches user space
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite("Boards that QEMU has", .requiresQEMU, .requiresBoards)
struct QEMUBoardTests {
  /// An arm64 Image that goes nowhere.
  private static let idle: [UInt8] = {
    var bytes = [UInt8](repeating: 0, count: 4096)
    bytes.setInstruction(at: 0, to: 0x1400_0000)  // b .
    bytes[0x12] = 1  // image_size
    bytes[0x18] = 0xa
    bytes.replaceSubrange(0x38..<0x3c, with: Array("ARM\u{64}".utf8))
    return bytes
  }()

  @Test("verified, and said so", arguments: QEMUBoard.all)
  func isHeard(_ board: QEMUBoard) async throws {
    let folder = try Folder()
    try folder.write(Self.idle, to: "Image")
    try await board.build(in: folder, kernel: "Image")
    #expect(
      try await folder.done(["show", "out/purgatory.bin"]).text.contains("console       \(board.console)\n"))
    let machine = try board.loaded(from: folder, stop: .init(after: "+cache)"))
    let console = try await machine.run().console
    let lines =
      /purgatory: version 2 at 0x[0-9a-f]+, (EL[12]), [12] regions?, ([0-9]+) bytes\r\npurgatory: verified \2 bytes in [0-9]+ us/
    #expect(console.firstMatch(of: lines)?.output.1 == board.level[...], "\(console)")
  }

  /// With nobody to reset it, the board stops, and says why.
  @Test("a mismatch is heard, and halts", arguments: QEMUBoard.all)
  func isRefused(_ board: QEMUBoard) async throws {
    let folder = try Folder()
    try folder.write(Self.idle, to: "Image")
    try await board.build(in: folder, kernel: "Image")
    var machine = try board.loaded(from: folder, stop: .init(after: "purgatory: halted"))
    let kernel = try #require(machine.loads.firstIndex { $0.bytes == Self.idle })
    machine.loads[kernel].bytes[4095] ^= 1
    let console = try await machine.run().console
    #expect(console.contains("purgatory: digest mismatch\r\npurgatory: region 0 at 0x"), "\(console)")
  }

  /// A board without PSCI: what it cannot do is not promised.
  @Test("a reset without PSCI is refused")
  func noPSCI() async throws {
    let folder = try Folder()
    try folder.write(Self.idle, to: "Image")
    await #expect(throws: ToolFailure.self) {
      try await QEMUBoard.raspi3b.build(in: folder, kernel: "Image", ["--on-failure", "reset"])
    }
    #expect(!folder.exists("out"))
  }

  @Test("Linux on a Raspberry Pi 3", .requiresLinux)
  func linux() async throws {
    let folder = try Folder()
    try await QEMUBoard.raspi3b.build(
      in: folder, kernel: "\(BoardInputs.folder)/Image",
      ["--initrd", LinuxInputs.initrdPath, "--cmdline", "earlycon console=ttyS1,115200 maxcpus=1"])
    let machine = try QEMUBoard.raspi3b.loaded(
      from: folder, stop: .init(after: "userspace: purgatory: verified"))
    let console = try await machine.run().console
    #expect(console.contains("purgatory: verified "), "\(console.prefix(4000))")
    #expect(console.contains("Machine model: Raspberry Pi 3 Model B"))
    #expect(console.contains("node   0: [mem 0x0000000000000000-0x000000003b3fffff]"))
    #expect(console.contains(/userspace: reached on Linux [^ ]+, Raspberry Pi 3 Model B\r\n/))
  }
}
