// HarnessTests.swift — the test bench itself: what is broken turns red
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct ReportParsing {
  private let whole =
    "before.\(state)\r\npurgatory: hello\r\nafter.\(state)\r\ndump 0x0000000000001000=00ff\r\n"
    + "hash 0x0000000000002000=0x0123456789abcdef\r\n"
    + "words 0x0000000000003000=0x00000000000000070x00000000000000020x00000000000000080x0000000000000001\r\n"
    + Probe.lastLine

  private static let state = Self.state(x0: "0x0000000000000007")
  private static func state(x0: String) -> String {
    ([
      "x0=\(x0)", "x1=0x1", "x2=0x2", "x3=0x3", "el=0x8", "daif=0x3c0", "counter=0x9", "frequency=0xa",
      "svcr=0x3", "allint=0x4",
    ]
      + SystemState.restoredNames.map { "\($0)=0x5" }).joined(separator: " ")
  }

  @Test("a whole report is understood")
  func understands() throws {
    let report = try Report(whole)
    #expect(report.purgatory == "purgatory: hello\r\n")
    #expect(report.after.x == [7, 1, 2, 3])
    #expect(report.after.level == 2)
    #expect(try report.dump(0x1000) == [0, 0xff])
    #expect(try report.hash(0x2000) == 0x0123_4567_89ab_cdef)
    #expect(try report.words(0x3000) == [7, 7, 8])
  }

  @Test("an empty console is no report")
  func empty() {
    #expect(throws: Report.Missing.self) { try Report("") }
  }

  @Test("a report without one of its lines is none", arguments: ["before.", "after.x0", Probe.lastLine])
  func missingLine(_ start: String) {
    let lines = whole.split(separator: "\r\n" as Character).filter { !$0.hasPrefix(start.trimmingEnd()) }
    #expect(throws: Report.Missing.self) { try Report(lines.joined(separator: "\r\n") + "\r\n") }
  }

  @Test(
    "a report without one of its registers is none",
    arguments: ["x3=", "el=", "daif=", "sctlr=", "tcr2=", "counter="])
  func missingField(_ name: String) {
    #expect(throws: Report.Missing.self) { try Report(whole.replacing(" \(name)", with: " other=")) }
  }

  @Test("memory that was not reported is an error")
  func missingWindow() throws {
    let report = try Report(whole)
    #expect(throws: Report.Missing.self) { try report.dump(0x2000) }
    #expect(throws: Report.Missing.self) { try report.hash(0x1000) }
    #expect(throws: Report.Missing.self) { try report.words(0x1000) }
  }

  @Test("an exception is an error, even if the rest is there")
  func exception() {
    #expect(throws: Report.Missing.self) { try Report("exception.esr=0x0\r\n" + whole) }
  }

  @Test("output without an end of line is not overlooked")
  func unfinishedLine() {
    #expect(throws: Report.Missing.self) { try Report(whole.replacing("after.x0", with: "oops after.x0")) }
  }
}

@Suite(.requiresQEMU) struct Bench {
  /// A machine whose only code is `words`.
  private func machine(_ words: [UInt32]) -> Machine {
    var machine = Machine(start: 0x4010_0000)
    machine.loads = [.init(at: machine.start, [UInt8](instructions: words))]
    return machine
  }

  /// movz w1, #0x900, lsl #16; movz w0, #'#'; str w0, [x1]; b .-4
  private static let flood: [UInt32] = [0x52a1_2001, 0x5280_0460, 0xb900_0020, 0x17ff_ffff]

  /// movz w0, #0x8400, lsl #16; movk w0, #8; hvc #0
  private static let powerOff: [UInt32] = [0x52b0_8000, 0x7280_0100, 0xd400_0002]

  /// Runs `code` in the purgatory's place.
  private func impostor(_ code: [UInt32], _ change: (inout Scenario) -> Void = { _ in }) async throws -> (
    Scenario, Report
  ) {
    var scenario = try await Scenario()
    scenario.machine.loads.append(.init(at: 0x4300_0000, [UInt8](instructions: code)))
    scenario.blobs.removeAll()
    change(&scenario)
    return (scenario, try await scenario.report(entering: 0x4300_0000))
  }

  /// A branch from 0x43000000 + 4 * `index` to the payload's kernel.
  private static func kernel(from index: Int) -> UInt32 {
    let distance = (Int(clamping: Probe().kernel) - (0x4300_0000 + 4 * index)) / 4
    return 0x1400_0000 | UInt32(truncatingIfNeeded: distance) & 0x03ff_ffff
  }

  @Test("a guest that powers off without a word makes no report")
  func silence() async throws {
    let run = try await machine(Self.powerOff).run()
    #expect(run.console == "")
    #expect(throws: Report.Missing.self) { try Report(run.console) }
  }

  @Test("a guest that ends before the awaited text is an error")
  func endsEarly() async throws {
    var machine = machine(Self.powerOff)
    machine.stop = .init(after: Message.halted)
    await #expect(throws: Machine.Failure.self) { try await machine.run() }
  }

  @Test("a guest that hangs is killed, and that is an error")
  func hangs() async throws {
    var machine = machine([0x1400_0000])  // b .
    machine.hangGuard = .seconds(1)
    let failure = await #expect(throws: Machine.Failure.self) { try await machine.run() }
    guard case .hung = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
  }

  @Test("a guest that never stops talking is killed, and that is an error")
  func floods() async throws {
    var machine = machine(Self.flood)
    machine.consoleLimit = 100_000
    let failure = await #expect(throws: Machine.Failure.self) { try await machine.run() }
    #expect(failure?.description.hasSuffix("###") == true)
  }

  @Test("a console ends with the text that a test waited for")
  func stopsAtText() async throws {
    var machine = machine(Self.flood)
    machine.stop = .init(after: "##", occurrences: 3)
    #expect(try await machine.run().console == "######")
  }

  @Test("what QEMU refuses is an error, with its words")
  func refused() async throws {
    var machine = machine(Self.powerOff)
    machine.cpu = "z80"
    let failure = await #expect(throws: Machine.Failure.self) { try await machine.run() }
    #expect(failure?.description.contains("z80") == true)
  }

  @Test("an undefined instruction in the purgatory's place is reported")
  func undefined() async throws {
    let missing = await #expect(throws: Report.Missing.self) { try await impostor([0]) }
    #expect(missing?.console.contains("exception.esr=0x0000000002000000 elr=0x0000000043000000") == true)
  }

  @Test("a hand-over that breaks a promise is seen")
  func brokenHandOver() async throws {
    let code: [UInt32] = [
      0xd503_4fff,  // msr daifclr, #0xf
      0xd280_0021,  // mov x1, #1
      0xd518_2001,  // msr ttbr0_el1, x1
      0xd500_40bf,  // msr spsel, #0
    ]
    let (scenario, report) = try await impostor(code + [Self.kernel(from: code.count)])
    let violations = try scenario.violations(report)
    for start in ["x1 = ", "DAIF = ", "ttbr0 = ", "spsel = "] {
      #expect(violations.contains { $0.hasPrefix(start) }, "\(start) in \(violations)")
    }
  }

  @Test("a changed segment is seen")
  func changedSegment() async throws {
    let code: [UInt32] = [
      0xd503_4fdf,  // msr daifset, #0xf
      0xd2a8_2000,  // mov x0, #0x41000000
      0x3900_0c1f,  // strb wzr, [x0, #3]
      0xd280_0001, 0xd280_0002, 0xd280_0003,  // mov x1, x2, x3, #0
    ]
    let (scenario, report) = try await impostor(code + [Self.kernel(from: code.count)]) {
      $0.segments = [.init(at: 0x4100_0000, [1, 2, 3, 4, 5])]
    }
    #expect(try scenario.violations(report) == ["segment 0x41000000 changed"])
  }
}

extension String {
  fileprivate func trimmingEnd() -> Substring {
    hasSuffix("\r\n") ? dropLast() : self[...]
  }
}
