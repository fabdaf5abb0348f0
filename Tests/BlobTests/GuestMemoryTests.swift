// GuestMemoryTests.swift — the host reads and changes a running guest's memory, and finds things in it
// SPDX-License-Identifier: MIT

import SystemPackage
import TestSupport
import Testing

@Suite struct GuestMemoryTests {
  private static let marker = Array("\"marker".utf8)

  @Test("a change is what the guest reads next, and replies are in order", .requiresQEMU)
  func aRunningGuest() async throws {
    var machine = Machine(start: 0x4010_0000)
    let byte: UInt64 = 0x4200_0000
    machine.loads = [
      // movz w1, #0x900, lsl #16; movz w2, #0x4200, lsl #16; ldrb w0, [x2]; str w0, [x1]; b .-8
      .init(
        at: machine.start,
        [UInt8](instructions: [0x52a1_2001, 0x52a8_4002, 0x3940_0040, 0xb900_0020, 0x17ff_fffe])),
      .init(at: byte, Array("#marker".utf8)),
      .init(at: 0x4300_0003, Self.marker),
    ]
    machine.sharesMemory = true
    machine.replies = [
      .init(to: "##", keys: "") { try $0.flip(at: byte) },
      .init(to: "\"", keys: "") {
        guard try $0.flip(everywhere: Self.marker) == 2,
          try $0.read(at: 0x4300_0003, count: 2) == Array("#m".utf8)
        else { throw ToolFailure(description: "not both were flipped") }
      },
    ]
    machine.stop = .init(after: "\"#")
    let console = try await machine.run().console
    #expect(console.hasPrefix("##") && !console.contains { !"#\"".contains($0) })
  }

  @Test("what an action throws ends the run", .requiresQEMU)
  func anActionThatFails() async throws {
    var machine = Machine(start: 0x4010_0000)
    // As above, without a byte to read: NUL.
    machine.loads = [
      .init(
        at: machine.start, [UInt8](instructions: [0x52a1_2001, 0xb900_0020, 0x17ff_ffff]))
    ]
    machine.sharesMemory = true
    machine.replies = [.init(to: "\0", keys: "") { try $0.flip(at: 0x1000) }]
    await #expect(throws: ToolFailure.self) { try await machine.run() }
  }

  @Test("markers are found across the pieces that are read, and behind holes")
  func everywhere() async throws {
    try await withTemporaryDirectory { folder in
      let size = 40 << 20
      let places = [0, 5000, (16 << 20) - 3, 17 << 20, size - Self.marker.count]
      var bytes = [UInt8](repeating: Self.marker[0], count: size)
      for place in places { bytes.replaceSubrange(place..<place + Self.marker.count, with: Self.marker) }
      let file = FilePath("\(folder)/ram")
      let descriptor = try FileDescriptor.open(
        file, .readWrite, options: .create, permissions: .ownerReadWrite)
      // A hole, the bytes, a hole.
      try descriptor.resize(to: 100 << 20)
      try descriptor.writeAll(toAbsoluteOffset: 32 << 20, bytes)
      try descriptor.close()
      let base: UInt64 = 0x8000_0000
      let memory = GuestMemory(file: file, base: base)
      #expect(try memory.flip(everywhere: Self.marker) == places.count)
      #expect(try memory.flip(everywhere: Self.marker) == 0)
      for place in places {
        #expect(
          try memory.read(at: base + 32 << 20 + UInt64(place), count: 2) == [
            Self.marker[0] ^ 1, Self.marker[1],
          ])
      }
      #expect(throws: ToolFailure.self) { try memory.flip(at: base - 1) }
      #expect(throws: ToolFailure.self) { try memory.flip(at: base + 100 << 20) }
      #expect(throws: ToolFailure.self) { try memory.read(at: base + 100 << 20 - 1, count: 2) }
    }
  }
}
