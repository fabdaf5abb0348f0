// DebianBoardsTests.swift — every board's device tree that Debian ships: what the tool makes of it is what it says
// SPDX-License-Identifier: MIT

import DeviceTree
import TestSupport
import Testing

@testable import PurgatoryKit

/// A board: Debian's tree of it, read by the tool, and read independently.
private struct Subject {
  let name: String
  let bytes: [UInt8]
  let board: Board
  let reading: Reading

  init(_ name: String) throws {
    self.name = name
    bytes = try BoardInputs.bytes(name)
    board = try Board(bytes, file: name)
    reading = try Reading(bytes)
  }
}

@Suite(.requiresBoards) struct DebianBoardsTests {
  @Test func thereAreMany() throws {
    #expect(BoardInputs.names.count > 900)
  }

  @Test func memory() throws {
    for subject in try BoardInputs.names.map(Subject.init) {
      #expect(subject.board.memory == subject.reading.memory, "\(subject.name)")
      #expect(subject.board.reserved == subject.reading.reserved, "\(subject.name)")
      #expect(subject.board.unmapped == subject.reading.unmapped, "\(subject.name)")
      #expect(subject.board.usableMemory == nil && !subject.board.isOfUEFI, "\(subject.name)")
    }
  }

  @Test func psci() throws {
    for subject in try BoardInputs.names.map(Subject.init) {
      switch subject.board.psci {
      case .success(let conduit): #expect(conduit.name == subject.reading.psci, "\(subject.name)")
      case .failure(let problem):
        #expect(subject.reading.psci == nil, "\(subject.name)")
        #expect(problem.help?.contains("--psci") == true, "\(subject.name)")
      }
    }
  }

  @Test func consoles() throws {
    for subject in try BoardInputs.names.map(Subject.init) {
      let result = Result { () throws(Rejection) in try subject.board.console() }
      let fault = fault(result, subject.reading.console)
      #expect(fault == nil, "\(subject.name): \(fault ?? "")")
    }
  }

  /// The serial ports that /aliases has, each as if it were the console.
  @Test func everyPort() throws {
    var count = 0
    for subject in try BoardInputs.names.map(Subject.init) {
      let tree = subject.reading.tree
      for (alias, value) in tree.node("/aliases")?.properties ?? [:] where alias.hasPrefix("serial") {
        guard let node = tree.node(String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)) else {
          continue
        }
        let port = try #require(subject.board.tree.node(at: alias))
        let result = subject.board.console(at: port, named: alias).mapError { Rejection($0) }
        let fault = fault(result, subject.reading.console(of: node))
        #expect(fault == nil, "\(subject.name), \(alias): \(fault ?? "")")
        count += 1
      }
    }
    #expect(count > 2000)
  }

  /// What is wrong with the tool's console, or with how it refuses one.
  private func fault(
    _ result: Result<PurgatoryInfo.Console, Rejection>, _ expected: ExpectedConsole
  ) -> String? {
    switch result {
    case .success(let console):
      let uart = console.uart
      let found = ExpectedConsole.uart(
        base: console.base,
        .init(access: uart.width, data: uart.data, status: uart.status, mask: uart.mask, ready: uart.ready))
      return found == expected ? nil : "\(found), expected \(expected)"
    case .failure(let error):
      guard error.problems.count == 1, let problem = error.problems.first, let help = problem.help else {
        return "\(error)"
      }
      func says(_ texts: String...) -> String? {
        texts.first { !"\(problem) \(help)".contains($0) }.map { "\(problem) \(help): no \($0)" }
      }
      switch expected {
      case .uart: return "\(problem)"
      case .commands(let base, let name):
        return says(name, base.map { String(hex: $0) } ?? ":", ": ", "--console none")
      case .unknown(let base, let names): return says(names[0], "try --console", "@\(String(hex: base))")
      case .disabled(let base): return says("disabled", "--console", "@\(String(hex: base))")
      case .unreachable(let names):
        return says(names.first ?? "", "no reg that the CPU can reach", "--console TYPE@ADDR")
      case .noPath: return says("/chosen/stdout-path", "--console none")
      }
    }
  }

  /// A kernel and an initrd find a place on each; where the tree says nothing of memory, in what the user says. What is
  /// handed over says all of it, and nothing lies in what is reserved.
  @Test func layouts() throws {
    var told = 0
    for subject in try BoardInputs.names.map(Subject.init) {
      let known = subject.reading.memory
      // Large enough for what little trees leave free: some describe the first 16 MiB only.
      let start =
        known.first?.lowerBound ?? subject.reading.reserved.first.map { ($0.lowerBound >> 30) << 30 }
        ?? 0x4000_0000
      let isTold = known.reduce(0, { $0 + $1.upperBound - $1.lowerBound }) < 512 << 20
      if isTold { told += 1 }
      let ram = isTold ? [start..<start + (4 << 30)] : []
      let files = [
        File(role: .kernel, name: "Image", bytes: Self.kernel, address: nil),
        File(role: .initrd, name: "initrd", bytes: [UInt8](repeating: 1, count: 5000), address: nil),
        File(role: .dtb, name: subject.name, bytes: subject.bytes, address: nil),
      ]
      var request = LayoutRequest(files: files, memory: ram, commandLine: "quiet", purgatorySize: 0x2_4000)
      request.placesPurgatory = true
      request.bootsKernel = true
      request.updatesDeviceTree = true
      let layout = try Layout(request)
      let tree = try #require(layout.segments.first { $0.role == .dtb }).bytes
      let written = try Reading(tree)
      var places = layout.segments.map(\.range)
      let base = try #require(layout.loadAddress)
      places.append(base..<base + 0x2_4000)
      for place in places {
        #expect(
          written.memory.contains { $0.lowerBound <= place.lowerBound && place.upperBound <= $0.upperBound },
          "\(subject.name)")
        #expect(!written.reserved.contains { $0.overlaps(place) }, "\(subject.name)")
        #expect(place.lowerBound != 0, "\(subject.name)")
      }
      #expect(written.reserved == subject.reading.reserved, "\(subject.name)")
      if isTold {
        #expect(
          written.memory.allSatisfy { memory in !subject.reading.unmapped.contains { $0.overlaps(memory) } },
          "\(subject.name)")
        #expect(written.memory.first?.lowerBound ?? 0 >= start, "\(subject.name)")
      } else {
        #expect(written.memory == known, "\(subject.name)")
      }
      #expect(written.tree.node("/chosen")?.strings("bootargs") == ["quiet"], "\(subject.name)")
      // All else is as it was.
      #expect(written.stdout == subject.reading.stdout, "\(subject.name)")
      #expect(written.psci == subject.reading.psci, "\(subject.name)")
    }
    #expect(told > 400)
  }

  /// The header of an arm64 Image that takes 32 MiB.
  private static let kernel: [UInt8] = {
    var bytes = [UInt8](repeating: 0, count: 4096)
    bytes[0x13] = 2  // image_size
    bytes[0x18] = 0xa
    bytes.replaceSubrange(0x38..<0x3c, with: Array("ARM\u{64}".utf8))
    return bytes
  }()
}
