// ConsoleTests.swift — every kind of UART gets its characters, and none stops a boot
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// Memory that plays a UART: it shows which stores were made.
struct FakeUART: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var kind: PurgatoryInfo.Console.Kind
  /// The registers that are not 0xa5.
  var preset: [Int: UInt8]
  /// What the purgatory leaves at the base: its last byte, as wide as its stores are; empty: there was none.
  var stored: [UInt8]

  static let address: UInt64 = 0x4600_0000
  private static let word: [UInt8] = [0x0a, 0, 0, 0]

  private static func word(at offset: Int, _ value: UInt8) -> [Int: UInt8] {
    [offset: value, offset + 1: 0, offset + 2: 0, offset + 3: 0]
  }

  /// Its status says all the time that it is ready.
  static let ready = [
    FakeUART(testDescription: "raw: bytes", kind: .raw, preset: [:], stored: [0x0a]),
    FakeUART(testDescription: "PL011: words", kind: .pl011, preset: word(at: 0x18, 0x90), stored: word),
    FakeUART(testDescription: "8250: bytes", kind: .uart8250, preset: [5: 0x60], stored: [0x0a]),
    FakeUART(
      testDescription: "8250-mmio32: words", kind: .uart8250MMIO32, preset: word(at: 20, 0x60), stored: word),
  ]

  /// Its status says all the time that it is still sending: nothing is given to it.
  static let stuck = [
    FakeUART(testDescription: "PL011, full", kind: .pl011, preset: word(at: 0x18, 0x28), stored: []),
    FakeUART(testDescription: "PL011, room", kind: .pl011, preset: word(at: 0x18, 0x08), stored: []),
    FakeUART(testDescription: "8250, no room", kind: .uart8250, preset: [5: 0], stored: []),
    FakeUART(testDescription: "8250, room", kind: .uart8250, preset: [5: 0x20], stored: []),
    FakeUART(
      testDescription: "8250-mmio32, no room", kind: .uart8250MMIO32, preset: word(at: 20, 0), stored: []),
    FakeUART(
      testDescription: "8250-mmio32, room", kind: .uart8250MMIO32, preset: word(at: 20, 0x20), stored: []),
  ]

  var before: [UInt8] {
    var bytes = [UInt8](repeating: 0xa5, count: 64)
    for (offset, value) in preset { bytes[offset] = value }
    return bytes
  }

  var after: [UInt8] {
    stored + before[stored.count...]
  }
}

@Suite(.requiresQEMU) struct Consoles {
  private func scenario(_ level: Level = .el1) async throws -> Scenario {
    var scenario = try await Scenario(level)
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(1000, seed: 50))])
    return scenario
  }

  private func boots(_ uart: FakeUART, _ level: Level) async throws {
    var scenario = try await scenario(level)
    scenario.info.console = .init(kind: uart.kind, base: FakeUART.address)
    scenario.machine.loads.append(.init(at: FakeUART.address, uart.before))
    scenario.windows.append(.init(address: FakeUART.address, size: 64, .bytes))
    let report = try await scenario.report()
    #expect(try report.dump(FakeUART.address) == uart.after)
    #expect(try report.info(of: scenario.blob).status == .verified)
    #expect(report.purgatory == "")
    #expect(try scenario.violations(report) == [])
  }

  @Test(
    "stores are as wide as the UART's registers, and nothing else is written", arguments: FakeUART.ready,
    Level.allCases)
  func ready(_ uart: FakeUART, _ level: Level) async throws {
    try await boots(uart, level)
  }

  @Test("a UART that is never ready is dropped, and the kernel boots", arguments: FakeUART.stuck)
  func stuck(_ uart: FakeUART) async throws {
    try await boots(uart, .el1)
  }

  @Test("a UART that is never ready does not keep a failure from its action")
  func stuckFailure() async throws {
    var scenario = try await scenario()
    scenario.info.console = .init(kind: .uart8250, base: FakeUART.address)
    scenario.info.regions[0].digest = .zero
    scenario.info.onFailure = .poweroff
    #expect(try await scenario.console() == "")
  }

  /// Instructions from the stub to the kernel.
  private func ticks(_ scenario: Scenario) async throws -> UInt64 {
    var scenario = scenario
    scenario.machine.arguments = ["-icount", "shift=0,sleep=off"]
    let report = try await scenario.report()
    return report.after.counter - (try #require(report.before).counter)
  }

  private func scenario(_ uart: FakeUART) async throws -> Scenario {
    var scenario = try await scenario()
    scenario.info.console = .init(kind: uart.kind, base: FakeUART.address)
    scenario.machine.loads.append(.init(at: FakeUART.address, uart.before))
    return scenario
  }

  @Test("a UART that is still sending what the last kernel gave it gets its time", arguments: FakeUART.stuck)
  func lastKernel(_ uart: FakeUART) async throws {
    #expect(try await ticks(scenario(uart)) > 1 << 22)
  }

  @Test("a UART that is ready is not waited for", arguments: FakeUART.ready)
  func noWait(_ uart: FakeUART) async throws {
    #expect(try await ticks(scenario(uart)) < 1 << 20)
  }

  @Test("a byte is on the wire, or the UART given up, before anything else", arguments: FakeUART.stuck)
  func onTheWire(_ uart: FakeUART) async throws {
    // A UART that gets busy with the first byte: one that is busy, and that is not asked before.
    var scenario = try await scenario(uart)
    let last = try scenario.blob.range(of: "console_init").upperBound - 4
    try scenario.blobs[0].replaceInstructions("branch to console_flush") { instruction, offset in
      offset == last && instruction >> 26 == 0b000101 ? Instruction.ret : nil
    }
    scenario.windows.append(.init(address: FakeUART.address, size: 64, .bytes))
    let first = UInt8(ascii: "p")
    let stored = [.uart8250, .raw].contains(uart.kind) ? [first] : [first, 0, 0, 0]
    #expect(try await scenario.report().dump(FakeUART.address) == stored + uart.before[stored.count...])
    #expect(try await ticks(scenario) > 1 << 22)
  }

  @Test("raw, on the data register of a real PL011", arguments: Level.allCases)
  func raw(_ level: Level) async throws {
    var scenario = try await scenario(level)
    scenario.info.console?.kind = .raw
    let report = try await scenario.report()
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test("8250, on a PCI serial port")
  func pciSerial() async throws {
    var scenario = try await scenario()
    scenario.machine.type = "virt,highmem-ecam=off"
    scenario.machine.arguments =
      oneConsole + ["-serial", "chardev:both", "-device", "pci-serial,addr=3,chardev=both"]
    let configuration: UInt64 = 0x3f00_0000 + 3 << 15
    let port: UInt32 = 0x1000
    scenario.probe.pokes = [(configuration + 0x10, port), (configuration + 0x04, 1)]  // BAR0; I/O on
    scenario.info.console = .init(kind: .uart8250, base: 0x3eff_0000 + UInt64(port))
    let report = try await scenario.report()
    #expect(report.timeless == (try Message.success(scenario, report)))
    #expect(try scenario.violations(report) == [])
  }

  @Test("8250-mmio32, on a Raspberry Pi 4's mini-UART")
  func miniUART() async throws {
    var scenario = try await scenario(.el2)
    scenario.machine.type = "raspi4b"
    scenario.machine.cpu = "cortex-a72"
    scenario.machine.memory = "2G"
    scenario.machine.arguments = oneConsole + ["-serial", "chardev:both", "-serial", "chardev:both"]
    for core in 1...3 {
      scenario.machine.arguments += ["-device", "loader,addr=\(scenario.probe.park),cpu-num=\(core)"]
    }
    scenario.machine.stop = .init(after: Probe.lastLine)
    scenario.probe.conduit = .none
    scenario.probe.uart = 0xfe20_1000
    scenario.info.console = .init(kind: .uart8250MMIO32, base: 0xfe21_5040)
    let report = try await scenario.report()
    #expect(report.timeless == (try Message.success(scenario, report)))
    #expect(try scenario.violations(report) == [])
  }

  /// Two serial ports of the machine write to the one console of the test.
  private let oneConsole = ["-monitor", "none", "-chardev", "stdio,id=both,mux=on"]

  @Test(
    "no console, or one of a kind that nobody knows, is silent",
    arguments: [(0, 0x0900_0000), (5, 0x0900_0000), (0xffff_ffff, 0x0900_0000), (2, 0), (3, 0)]
      as [(UInt32, UInt64)])
  func silent(_ kind: UInt32, _ base: UInt64) async throws {
    var scenario = try await scenario()
    scenario.blob.patch(PURGATORY_INFO_console_type, kind)
    scenario.blob.patch(PURGATORY_INFO_console_base, base)
    let report = try await scenario.report()
    #expect(report.purgatory == "")
    #expect(try report.word(PURGATORY_INFO_status, of: scenario.blob) == PURGATORY_STATUS_VERIFIED)
    #expect(try scenario.violations(report) == [])
  }
}
