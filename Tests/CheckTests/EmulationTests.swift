// EmulationTests.swift — the emulator tells code that runs anywhere from code that does not, and says how it failed
// SPDX-License-Identifier: MIT

import ELF
import Emulation
import TestSupport
import Testing

@Suite struct EmulationTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  static let linked: UInt64 = 0x10000
  static let elsewhere: UInt64 = 0x7654_3000

  /// The bytes of `.text`, linked at `linked`, without anything for a dynamic loader.
  private func code(_ source: String, _ processor: Processor = .aarch64) async throws -> [UInt8] {
    let recipe = Recipe(
      source: ".text\n.global _start\n_start:\n\(source)\n",
      script: "SECTIONS { . = \(Self.linked); .text : { *(.text) } }\n",
      options: ["-static"], target: processor.target)
    let elf = try ELFFile(try await recipe.make(in: folder, as: processor.rawValue))
    let segment = try #require(elf.segments.first { $0.type == .load })
    return Array(elf.bytes[segment.fileRange])
  }

  @Test(arguments: Processor.allCases)
  func relativeCodeRunsAnywhere(_ processor: Processor) async throws {
    let code = try await code("\(processor.relative)\n\(processor.value)", processor)
    for base in [Self.linked, Self.elsewhere] {
      let run = try Emulated(processor, code: code, at: base).run()
      #expect(run.end == .returned && run[processor.result] == 0x1234, "\(run)")
      let value = base + UInt64(code.count - 8)
      #expect(run.pc == Emulated.stackEnd && run.reads.contains { $0.address == value }, "\(run)")
    }
  }

  @Test(arguments: Processor.allCases)
  func absoluteCodeRunsWhereItWasLinked(_ processor: Processor) async throws {
    let code = try await code("\(processor.absolute)\n\(processor.value)", processor)
    let run = try Emulated(processor, code: code, at: Self.linked).run()
    #expect(run.end == .returned && run[processor.result] == 0x1234, "\(run)")
    let moved = try Emulated(processor, code: code, at: Self.elsewhere).run()
    let value = try #require(run.reads.first { (try? read($0, of: code)) == 0x1234 })
    #expect(
      moved.end == .fault("Invalid memory read (UC_ERR_READ_UNMAPPED)", value), "\(moved)")
  }

  /// What an access of a run at `linked` read.
  private func read(_ access: Access, of code: [UInt8]) throws -> UInt64 {
    let offset = Int(clamping: access.address &- Self.linked)
    guard offset < code.count, offset + access.size <= code.count else { return 0 }
    return code[offset..<offset + access.size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  @Test func aPageIsNotAnyAddress() async throws {
    let code = try await code("adrp x0, value\nldr x0, [x0, :lo12:value]\nret\n\(Processor.aarch64.value)")
    let run = try Emulated(.aarch64, code: code, at: Self.elsewhere).run()
    #expect(run["x0"] == 0x1234 && run.reads == [Access(.read, Self.elsewhere + 16, 8)], "\(run)")
    let shifted = try Emulated(.aarch64, code: code, at: Self.elsewhere + 0x40).run()
    #expect(shifted["x0"] == 0 && shifted.reads == run.reads, "\(shifted)")
  }

  @Test(arguments: [
    (
      "ldr x1, [x0, #8]", Run.End.fault("Invalid memory read (UC_ERR_READ_UNMAPPED)", Access(.read, 0x808, 8))
    ),
    ("str w1, [x0]", .fault("Invalid memory write (UC_ERR_WRITE_UNMAPPED)", Access(.write, 0x800, 4))),
    ("br x0", .fault("Invalid memory fetch (UC_ERR_FETCH_UNMAPPED)", Access(.fetch, 0x800, 4))),
    (
      "mov x0, sp\nbr x0",
      .fault(
        "Fetch from non-executable memory (UC_ERR_FETCH_PROT)", Access(.fetch, Emulated.stackEnd - 16, 4))
    ),
    ("udf #0", .fault("Unhandled CPU exception (UC_ERR_EXCEPTION)", nil)),
    ("svc #0", .fault("Unhandled CPU exception (UC_ERR_EXCEPTION)", nil)),
    ("b .", .limit),
    ("ret", .returned),
  ])
  func everyEndIsTold(_ source: String, _ end: Run.End) async throws {
    let run = try await Emulated(.aarch64, code: code("nop\n\(source)\n"), at: Self.linked).run(
      registers: ["x0": 0x800], maximum: 100)
    #expect(run.end == end, "\(run)")
    switch end {
    case .returned: #expect(run.instructions == 2)
    case .limit: #expect(run.pc == Self.linked + 4 && run.instructions == 100)
    default: #expect(run.pc == Self.linked + UInt64(4 * (run.instructions - 1)), "\(run)")
    }
  }

  @Test func haltingIsNoReturn() async throws {
    let run = try await Emulated(.amd64, code: code("nop\nhlt", .amd64), at: Self.linked).run()
    #expect(run.end == .halted && run.pc == Self.linked + 1, "\(run)")
  }

  @Test func theLimitIsExact() async throws {
    let emulated = try await Emulated(.aarch64, code: code("add x0, x0, #1\nadd x0, x0, #1\nret"), at: 0)
    let short = try emulated.run(maximum: 2)
    #expect(short.end == .limit && short["x0"] == 2 && short.pc == 8, "\(short)")
    let whole = try emulated.run(maximum: 3)
    #expect(whole.end == .returned && whole["x0"] == 2 && whole.instructions == 3, "\(whole)")
  }

  @Test func memoryAndStackAreThere() async throws {
    let code = try await code("str x1, [sp, #-16]!\nldr x0, [sp], #16\nstr x0, [x2]\nret")
    let emulated = try Emulated(.aarch64, code: code, at: Self.linked + 0x40, more: 0x10000)
    let last = Self.linked + 0x40 + UInt64(code.count) + 0xfff8
    let run = try emulated.run(registers: ["x1": 77, "x2": last])
    #expect(run.end == .returned && run["x0"] == 77 && run["sp"] == Emulated.stackEnd - 16, "\(run)")
    #expect(run.writes.last == Access(.write, last, 8))
    #expect(try emulated.bytes(at: last, count: 8) == [77, 0, 0, 0, 0, 0, 0, 0])
    try emulated.place([1, 2, 3], at: 0x9ffe)
    #expect(try emulated.bytes(at: 0x9ffe, count: 3) == [1, 2, 3])
    #expect(throws: EmulationError.self) { try emulated.place([1], at: 0xa234) }
    #expect(throws: EmulationError.self) { try emulated.bytes(at: 0xb000, count: 1) }
    #expect(throws: EmulationError.self) { try emulated.run(registers: ["rax": 1]) }
    #expect(throws: EmulationError.self) { try Emulated(.arm, code: code, at: Emulated.stackEnd).run() }
  }

  @Test func thumbIsEnteredByBit0() async throws {
    let code = try await code("nop\n.thumb\nadds r0, #5\nbx lr", .arm)
    let run = try Emulated(.arm, code: code, at: Self.linked).run(entry: 5, registers: ["r0": 2])
    #expect(run.end == .returned && run["r0"] == 7, "\(run)")
  }
}

/// A function for each processor that returns the number at `value`, the last thing in it.
extension Processor {
  fileprivate var target: String { self == .arm ? "armv7a-none-eabi" : "\(rawValue)-none-elf" }

  fileprivate var value: String { ".balign 8\nvalue: .quad 0x1234" }

  fileprivate var result: String {
    switch self {
    case .aarch64: "x0"
    case .riscv64: "a0"
    case .amd64: "rax"
    case .arm: "r0"
    case .i386: "eax"
    }
  }

  fileprivate var relative: String {
    switch self {
    case .aarch64: "ldr x0, value\nret"
    case .riscv64: "lla a0, value\nld a0, (a0)\nret"
    case .amd64: "mov value(%rip), %rax\nret"
    case .arm: "adr r0, value\nldr r0, [r0]\nbx lr"
    case .i386: "call 1f\n1: pop %eax\nmov value-1b(%eax), %eax\nret"
    }
  }

  fileprivate var absolute: String {
    switch self {
    case .aarch64: "ldr x0, =value\nldr x0, [x0]\nret\n.ltorg"
    case .riscv64: "lui a0, %hi(value)\nld a0, %lo(value)(a0)\nret"
    case .amd64: "movabs $value, %rax\nmov (%rax), %rax\nret"
    case .arm: "movw r0, #:lower16:value\nmovt r0, #:upper16:value\nldr r0, [r0]\nbx lr"
    case .i386: "mov value, %eax\nret"
    }
  }
}
