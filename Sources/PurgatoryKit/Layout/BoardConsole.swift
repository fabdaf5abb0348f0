// BoardConsole.swift — the UART that a device tree names, and how it takes a byte
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

extension Board {
  /// The UART that /chosen/stdout-path names.
  ///
  /// - Throws: `Rejection`: why there is none, or none that a store of a byte reaches, with what could be tried.
  public func console() throws(Rejection) -> PurgatoryInfo.Console {
    let place = "/chosen/stdout-path"
    // Linux takes the older name, too.
    let values = chosen.map {
      tree.strings("stdout-path", of: $0) + tree.strings("linux,stdout-path", of: $0)
    }
    guard let value = values?.first else {
      throw Rejection(Problem(file, place, found: "none", expected: "the console's node", help: alternatives))
    }
    let path = String(value.prefix { $0 != ":" })  // options such as :115200n8 follow
    guard let node = tree.node(at: path) else {
      throw Rejection(
        Problem(
          file, place, found: "\"\(value)\"", expected: "the path of a node, or an alias", help: alternatives)
      )
    }
    switch console(at: node, named: path) {
    case .success(let console): return console
    case .failure(let problem): throw Rejection(problem)
    }
  }

  /// What the UART of a node is; `name` is what the user knows it by.
  func console(
    at node: DeviceTree.Node, named name: String
  ) -> Result<PurgatoryInfo.Console, Problem> {
    let names = tree.strings("compatible", of: node)
    // The more specific name comes first. What cannot be had has no registers, or none that matter.
    let binding = names.lazy.compactMap { UARTBinding.all[$0] }.first
    let base = tree.registers(of: node).first?.lowerBound
    let place = base.map { " at \(String(hex: $0))" } ?? ""
    let compatible = (names.isEmpty ? "no compatible" : names.joined(separator: ", ")) + place
    func refusal(_ found: String, _ expected: String, _ help: String) -> Result<
      PurgatoryInfo.Console, Problem
    > {
      .failure(Problem(file, name, found: found, expected: expected, help: help))
    }
    if case .commands(let reason) = binding {
      return refusal(
        "\(compatible): \(reason)", "a UART that takes a byte by a store", "do without it with --console none"
      )
    }
    guard let base else {
      return refusal("\(compatible), with no reg that the CPU can reach", "the UART's registers", Self.help)
    }
    let layout = RegisterLayout(tree, node)
    let described: Result<PurgatoryInfo.Console, RegisterLayout.Fault>
    switch binding {
    case .described(let uart): described = .success(.init(uart, base: base))
    case .registers(.some(let fixed)): described = fixed.console(at: base)
    default: described = layout.console(at: base)
    }
    switch (binding, described) {
    case (nil, .success(let guess)):
      // What only an 8250 has is a hint; a byte that is stored at the first register is sent by many others.
      let hint = layout.isSaid ? "" : "if a byte that is stored at its first register is sent, "
      let console = layout.isSaid ? guess : .init(.raw, base: base)
      return refusal(
        compatible, "a UART that has a type",
        "\(hint)try --console \(console.argument), or do without it with --console none")
    case (_, .failure(let fault)):
      return refusal("\(compatible), with \(fault.found)", fault.expected, Self.help)
    case (_, .success(let console)):
      if console.isSilent {
        return refusal(compatible, "another address: 0 is no console", "do without it with --console none")
      }
      if let fault = console.fault {
        return refusal("\(compatible): \(fault.found)", fault.expected, Self.help)
      }
      guard tree.isReachable(node) else {
        return refusal(
          "\(compatible), which is disabled", "a UART in use",
          "if the firmware has it on, use --console \(console.argument); or do without it with --console none"
        )
      }
      return .success(console)
    }
  }

  private static let help = "name the UART with --console TYPE@ADDR, or do without it with --console none"

  /// What could be the console instead, as it would be typed: of /aliases, or else of all UARTs; and what could not.
  private var alternatives: String {
    let aliases =
      tree.node(at: "/aliases").map { tree.properties(of: $0, startingWith: "serial", atMost: 32) } ?? []
    var ports = aliases.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
      .compactMap { alias in tree.node(at: alias).map { (name: "/aliases/\(alias)", node: $0) } }
    if ports.isEmpty {
      let known = Set(UARTBinding.all.keys)
      ports = tree.nodes(compatibleWith: known, atMost: 64).filter(tree.isReachable)
        .map { (name: tree.path(of: $0), node: $0) }
    }
    var typed: [String] = []
    var others: [String] = []
    for port in ports.prefix(16) {
      switch console(at: port.node, named: port.name) {
      case .success(let console):
        if !typed.contains(where: { $0.hasPrefix("--console \(console.argument) ") }) {
          typed.append("--console \(console.argument) (\(port.name))")
        }
      case .failure(let problem):
        // What is off matters where nothing is on.
        if tree.isReachable(port.node) || typed.isEmpty { others.append("\(port.name) is \(problem.found)") }
      }
    }
    let first = typed.isEmpty ? Self.help : "one of \(typed.joined(separator: ", ")), or --console none"
    return ([first] + others.prefix(3)).joined(separator: "; ")
  }
}

/// How the registers of an 8250 lie, by the properties that Linux's 8250_of and 8250_dw read.
struct RegisterLayout: Sendable {
  struct Fault: Error {
    let found: String
    let expected: String
  }

  /// Registers are 2^shift bytes apart.
  let shift: UInt32
  /// Bytes of an access.
  let width: UInt32
  let isBigEndian: Bool
  /// Where the registers begin.
  let offset: UInt32
  /// The node says how its registers lie, as those of no other UART do.
  let isSaid: Bool

  init(shift: UInt32, width: UInt32) {
    self.shift = shift
    self.width = width
    isBigEndian = false
    offset = 0
    isSaid = true
  }

  init(_ tree: DeviceTree, _ node: DeviceTree.Node) {
    shift = tree.number("reg-shift", of: node) ?? 0
    width = tree.number("reg-io-width", of: node) ?? 1
    isBigEndian = tree.property("big-endian", of: node) != nil
    offset = tree.number("reg-offset", of: node) ?? 0
    isSaid = tree.property("reg-shift", of: node) != nil
  }

  /// An 8250, whose LSR, register 5, has TEMT.
  func console(at base: UInt64) -> Result<PurgatoryInfo.Console, Fault> {
    guard width == 1 || width == 4 else {
      return .failure(Fault(found: "reg-io-width \(width)", expected: "registers of 1 or 4 bytes"))
    }
    if isBigEndian, width != 1 {
      return .failure(Fault(found: "big-endian registers", expected: "little-endian ones, or of 1 byte"))
    }
    // Wider apart are none.
    guard shift <= 8, 1 << shift >= width else {
      return .failure(
        Fault(
          found: "reg-shift \(shift)",
          expected:
            "registers of \(width) byte\(width == 1 ? "" : "s") at least as far apart, at most 256 bytes"))
    }
    let uart = UART(access: width, status: 5 << shift, mask: 1 << 6, ready: 1 << 6)
    return .success(.init(uart, base: base &+ UInt64(offset)))
  }
}
