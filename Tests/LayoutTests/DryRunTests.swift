// DryRunTests.swift — the memory map that `build --dry-run` draws, and that it writes nothing
// SPDX-License-Identifier: MIT

import Subprocess
import TestSupport
import Testing

@testable import CommandTests

@Suite struct DryRunTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(imageSize: 0x180_0000), to: "Image")
    try folder.write(Input.initrd(), to: "initrd")
    try folder.write(Input.initrd(100), to: "payload")
  }

  /// The map: what is between the commands and the description of the purgatory.
  private func map(_ arguments: [String]) async throws -> String {
    let before = try folder.snapshot()
    let outcome = try await folder.done(["build", "--source", "small", "--dry-run"] + arguments)
    #expect(differences(before, try folder.snapshot()) == [])
    let parts = outcome.text.split(separator: "\n\n")
    return parts.dropFirst().dropLast().joined(separator: "\n\n")
  }

  @Test func aBoard() async throws {
    let tree = TreeNode.root(
      .memory(0x4000_0000, 0x1000_0000), .memory(0x1_0000_0000, 0x4000_0000),
      .reserved(
        TreeNode("secure", ["reg": .wide(0x4080_0000, 0x10_0000)]),
        TreeNode("sram", ["reg": .wide(0x1000, 0x1000)])))
    try folder.write(tree.dtb(reserving: [0x1_3000_0000..<0x1_3000_1000]), to: "board.dtb")
    let map = try await map([
      "--output-dir", "out", "--kernel", "Image", "--initrd", "initrd", "--dtb", "board.dtb", "--segment",
      "payload@0x130000800",
      "--load-address", "0x13fffe000", "--force",
    ])
    #expect(
      map == """
                    0x1000 +--------------+
                           | reserved     |
                    0x2000 +--------------+
                0x40000000 +--------------+
                           |              | 2 MiB free
                0x40200000 +--------------+
                           | initrd       |
                0x40201388 +--------------+
                           |              | 3.1 KiB free
                0x40202000 +--------------+ <- device tree, x0
                           | dtb          |
                0x40202296 +--------------+
                           |              | 6 MiB free
                0x40800000 +--------------+
                           | reserved     |
                0x40900000 +--------------+
                           |              | 1 MiB free
                0x40a00000 +--------------+ <- kernel entry
                           | kernel       |
                0x40a01000 +--------------+
                           | kernel's bss |
                0x42200000 +--------------+
                           |              | 222 MiB free
                0x50000000 +--------------+ <- end of memory
               0x100000000 +--------------+
                           |              | 768 MiB free
               0x130000000 +--------------+
                           | reserved     |
               0x130000800 +--------------+
                           | payload      | <- reserved memory
               0x130000864 +--------------+
                           | reserved     |
               0x130001000 +--------------+
                           |              | 256 MiB free
               0x13fffe000 +--------------+ <- entry
                           | purgatory    |
               0x13fffe400 +--------------+
                           | scratch      |
               0x140000000 +--------------+ <- end of memory

          reserved     0x1000-0x2000             4,096 bytes
          initrd       0x40200000-0x40201388     5,000 bytes         initrd
          dtb          0x40202000-0x40202296     662 bytes           board.dtb
          reserved     0x40800000-0x40900000     1,048,576 bytes
          kernel       0x40a00000-0x40a01000     4,096 bytes         Image
          kernel's bss 0x40a01000-0x42200000     25,161,728 bytes
          reserved     0x130000000-0x130001000   4,096 bytes
          payload      0x130000800-0x130000864   100 bytes           payload
          purgatory    0x13fffe000-0x13fffe400   1,024 bytes
          scratch      0x13fffe400-0x140000000   7,168 bytes
        """)
  }

  /// Nothing to say of what lies around the files, and nothing of the machine.
  @Test func memoryThatIsNotKnown() async throws {
    let map = try await map([
      "--segment", "payload@0x20000", "--segment", "initrd@0x10000", "--load-address", "0x12000",
    ])
    #expect(
      map == """
                   0x10000 +--------------+
                           | initrd       |
                   0x11388 +--------------+
                           |              |
                   0x12000 +--------------+ <- entry
                           | purgatory    |
                   0x12400 +--------------+
                           | scratch      |
                   0x14000 +--------------+
                           |              |
                   0x20000 +--------------+
                           | payload      |
                   0x20064 +--------------+

          initrd    0x10000-0x11388         5,000 bytes         initrd
          purgatory 0x12000-0x12400         1,024 bytes
          scratch   0x12400-0x14000         7,168 bytes
          payload   0x20000-0x20064         100 bytes           payload
        """)
  }

  @Test func nothingToLoad() async throws {
    #expect(try await map([]) == "")
  }

  /// Addresses above 1 TiB, and names that are long: the columns keep apart.
  @Test func highMemory() async throws {
    let map = try await map(["--segment", "payload", "--memory", "0x123456789000+0x100000"])
    #expect(
      map == """
            0x123456789000 +--------------+
                           | payload      |
            0x123456789064 +--------------+
                           |              | 3.9 KiB free
            0x12345678a000 +--------------+ <- entry
                           | purgatory    |
            0x12345678a400 +--------------+
                           | scratch      |
            0x12345678c000 +--------------+
                           |              | 1012 KiB free
            0x123456889000 +--------------+ <- end of memory

          payload   0x123456789000-0x123456789064   100 bytes           payload
          purgatory 0x12345678a000-0x12345678a400   1,024 bytes
          scratch   0x12345678a400-0x12345678c000   7,168 bytes
        """)
  }
}
