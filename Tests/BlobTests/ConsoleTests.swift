// ConsoleTests.swift — every kind of UART gets its characters, and none stops a boot
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// Memory that plays a UART: it shows which stores were made.
struct FakeUART: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var uart: UART
  /// Its status register.
  var status: UInt32
  /// Whether a byte is given to it.
  var takesBytes = true

  static let address: UInt64 = 0x4600_0000
  /// Data behind status, neither at the base: i.MX's registers.
  private static let words = UART(access: 4, data: 0x40, status: 0x98, mask: 1 << 3, ready: 1 << 3)
  /// Two bits to look at, one of them to be 0.
  private static let bytes = UART(access: 1, data: 0x23, status: 0x21, mask: 0x82, ready: 0x80)

  /// Its status says all the time that it is ready.
  static let ready = [
    FakeUART(testDescription: "raw: bytes", uart: .raw, status: 0),
    FakeUART(testDescription: "raw, access 1", uart: UART(access: 1), status: 0),
    FakeUART(testDescription: "PL011: words", uart: .pl011, status: 0x90),
    FakeUART(testDescription: "8250: bytes", uart: .uart8250, status: 0x60),
    FakeUART(testDescription: "8250-mmio32: words", uart: .uart8250MMIO32, status: 0x60),
    FakeUART(testDescription: "described: words", uart: words, status: 0xffff_ff08),
    FakeUART(testDescription: "described: bytes", uart: bytes, status: 0xfd),
    FakeUART(testDescription: "described: words, nothing to ask", uart: UART(access: 4, data: 8), status: 0),
  ]

  /// Its status says all the time that it is still sending: nothing is given to it.
  static let stuck = [
    FakeUART(testDescription: "PL011, full", uart: .pl011, status: 0x28, takesBytes: false),
    FakeUART(testDescription: "PL011, room", uart: .pl011, status: 0x08, takesBytes: false),
    FakeUART(testDescription: "8250, no room", uart: .uart8250, status: 0, takesBytes: false),
    FakeUART(testDescription: "8250, room", uart: .uart8250, status: 0x20, takesBytes: false),
    FakeUART(testDescription: "8250-mmio32, no room", uart: .uart8250MMIO32, status: 0, takesBytes: false),
    FakeUART(testDescription: "8250-mmio32, room", uart: .uart8250MMIO32, status: 0x20, takesBytes: false),
    FakeUART(testDescription: "described: words", uart: words, status: 0xffff_fff7, takesBytes: false),
    FakeUART(testDescription: "described: bytes, one bit", uart: bytes, status: 0x82, takesBytes: false),
    FakeUART(testDescription: "described: bytes, the other", uart: bytes, status: 0x7d, takesBytes: false),
  ]

  /// Each that the tool has a name for: ready, with all else of its status set.
  static let named = UART.named.map { name, uart in
    FakeUART(testDescription: name, uart: uart, status: ~uart.mask | uart.ready)
  }

  /// The same with each of the bits that count as it must not be, by turns.
  static let namedAndBusy: [FakeUART] = named.flatMap { fake -> [FakeUART] in
    (0..<32 as Range<UInt32>).filter { fake.uart.mask & 1 << $0 != 0 }.map { bit in
      var busy = fake
      busy.testDescription += ", bit \(bit)"
      busy.status ^= 1 << bit
      busy.takesBytes = false
      return busy
    }
  }

  static let size = 256

  var before: [UInt8] {
    var bytes = [UInt8](repeating: 0xa5, count: Self.size)
    if uart.mask != 0 { put(status, at: uart.status, in: &bytes) }
    return bytes
  }

  /// What it holds when `last` was the last byte that it was given, in a store as wide as its registers.
  func after(_ last: UInt8) -> [UInt8] {
    var bytes = before
    put(UInt32(last), at: uart.data, in: &bytes)
    return bytes
  }

  /// When a run is over.
  var after: [UInt8] { takesBytes ? after(UInt8(ascii: "\n")) : before }

  private func put(_ value: UInt32, at offset: UInt32, in bytes: inout [UInt8]) {
    for index in 0..<Int(clamping: uart.width) {
      bytes[Int(clamping: offset) + index] = UInt8(truncatingIfNeeded: value >> UInt32(clamping: 8 * index))
    }
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
    scenario.info.console = .init(uart.uart, base: FakeUART.address)
    scenario.machine.loads.append(.init(at: FakeUART.address, uart.before))
    scenario.windows.append(.init(address: FakeUART.address, size: FakeUART.size, .bytes))
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

  @Test("every UART that has a name takes bytes where its driver puts them", arguments: FakeUART.named)
  func named(_ uart: FakeUART) async throws {
    try await boots(uart, .el1)
  }

  @Test("and is asked for all that its status has to say", arguments: FakeUART.namedAndBusy)
  func namedAndBusy(_ uart: FakeUART) async throws {
    try await boots(uart, .el1)
  }

  @Test("a UART that is never ready is dropped, and the kernel boots", arguments: FakeUART.stuck)
  func stuck(_ uart: FakeUART) async throws {
    try await boots(uart, .el1)
  }

  @Test("a UART that is never ready does not keep a failure from its action")
  func stuckFailure() async throws {
    var scenario = try await scenario()
    scenario.info.console = .init(.uart8250, base: FakeUART.address)
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
    scenario.info.console = .init(uart.uart, base: FakeUART.address)
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
    let initialise = try scenario.blob.range(of: "console_init")
    let flush = try scenario.blob.range(of: "console_flush").lowerBound
    try scenario.blobs[0].replaceInstructions("call of console_flush") { instruction, offset in
      initialise.contains(offset) && Instruction.callTarget(instruction, at: offset) == flush
        ? Instruction.nop : nil
    }
    scenario.windows.append(.init(address: FakeUART.address, size: FakeUART.size, .bytes))
    let first = UInt8(ascii: "p")
    #expect(try await scenario.report().dump(FakeUART.address) == uart.after(first))
    #expect(try await ticks(scenario) > 1 << 22)
  }

  @Test("raw, on the data register of a real PL011", arguments: Level.allCases)
  func raw(_ level: Level) async throws {
    var scenario = try await scenario(level)
    scenario.info.console?.uart = .raw
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
    scenario.info.console = .init(.uart8250, base: 0x3eff_0000 + UInt64(port))
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
    scenario.info.console = .init(.uart8250MMIO32, base: 0xfe21_5040)
    let report = try await scenario.report()
    #expect(report.timeless == (try Message.success(scenario, report)))
    #expect(try scenario.violations(report) == [])
  }

  /// Two serial ports of the machine write to the one console of the test.
  private let oneConsole = ["-monitor", "none", "-chardev", "stdio,id=both,mux=on"]

  @Test(
    "no console, or one that nobody knows how to access, is silent",
    arguments: [
      (4, 0), (1, 0), (2, 0x0900_0000), (3, 0x0900_0000), (5, 0x0900_0000), (0xffff_ffff, 0x0900_0000),
    ]
      as [(UInt32, UInt64)])
  func silent(_ access: UInt32, _ base: UInt64) async throws {
    var scenario = try await scenario()
    scenario.blob.patch(PURGATORY_INFO_console_access, access)
    scenario.blob.patch(PURGATORY_INFO_console_base, base)
    let report = try await scenario.report()
    #expect(report.purgatory == "")
    #expect(try report.word(PURGATORY_INFO_status, of: scenario.blob) == PURGATORY_STATUS_VERIFIED)
    #expect(try scenario.violations(report) == [])
  }
}
