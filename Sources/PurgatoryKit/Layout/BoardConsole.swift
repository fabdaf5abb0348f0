// BoardConsole.swift — the UART that a device tree names, and how it takes a byte
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

extension Board {
  /// The UART that /chosen/stdout-path names.
  ///
  /// - Throws: why there is none, or none that a store of a byte reaches, with what could be tried.
  public func console() throws(Rejection) -> PurgatoryInfo.Console {
    let place = "/chosen/stdout-path"
    // Linux takes the older name, too.
    let values = chosen.map {
      tree.strings("stdout-path", of: $0) + tree.strings("linux,stdout-path", of: $0)
    }
    guard let value = values?.first else {
      throw Rejection(Problem(file, place, found: "none", expected: "the console's node", help: aliasHelp))
    }
    let path = String(value.prefix { $0 != ":" })  // options such as :115200n8 follow
    guard let node = tree.node(at: path) else {
      throw Rejection(
        Problem(
          file, place, found: "\"\(value)\"", expected: "the path of a node, or an alias", help: aliasHelp))
    }
    switch console(at: node, named: path) {
    case .success(let console): return console
    case .failure(let problem): throw Rejection(problem)
    }
  }

  /// What the UART of a node is.
  func console(at node: DeviceTree.Node, named path: String) -> Result<PurgatoryInfo.Console, Problem> {
    guard let base = tree.registers(of: node).first?.lowerBound else {
      return .failure(
        Problem(
          file, path, found: "no reg that the CPU can reach", expected: "the UART's registers",
          help: Self.help))
    }
    let names = tree.strings("compatible", of: node)
    let compatible = names.isEmpty ? "no compatible" : names.joined(separator: ", ")
    let found = "\(compatible) at \(String(hex: base))"
    // The more specific name comes first.
    let binding = names.lazy.compactMap { UARTBinding.all[$0] }.first
    let uart: UART
    switch binding {
    case .described(let description): uart = description
    case .registers(let fixed):
      let layout = RegisterLayout(tree, node)
      guard let described = (fixed ?? layout).uart else {
        return .failure(
          Problem(
            file, path, found: "\(found), with \(layout.text)", expected: "registers of 1 or 4 bytes",
            help: Self.help))
      }
      uart = described
    case .commands(let reason):
      return .failure(
        Problem(
          file, path, found: "\(found): \(reason)", expected: "a UART that takes a byte by a store",
          help: "do without it with --console none"))
    case nil:
      let guess =
        RegisterLayout(tree, node).guess.map { $0.argument(at: base) } ?? "TYPE@\(String(hex: base))"
      return .failure(
        Problem(
          file, path, found: found, expected: "a UART that has a type",
          help: "try --console \(guess), or do without it with --console none"))
    }
    // As Linux's 8250_of: where the registers begin.
    let offset = UInt64(tree.number("reg-offset", of: node) ?? 0)
    let console = PurgatoryInfo.Console(uart, base: base &+ offset)
    guard tree.isAvailable(node) else {
      return .failure(
        Problem(
          file, path, found: "\(found), which is disabled", expected: "a UART in use",
          help: "if the firmware has it on, use --console \(uart.argument(at: console.base)); "
            + "or do without it with --console none"))
    }
    if let fault = console.fault {
      return .failure(Problem(file, path, found: fault.found, expected: fault.expected, help: Self.help))
    }
    return .success(console)
  }

  private static let help = "name the UART with --console TYPE@ADDR, or do without it with --console none"

  /// What /aliases calls serial ports, as they would be typed.
  private var aliasHelp: String {
    guard let aliases = tree.node(at: "/aliases") else { return Self.help }
    let ports = tree.properties(of: aliases).filter { $0.hasPrefix("serial") }.sorted().prefix(16)
    let typed = ports.compactMap { alias -> String? in
      guard let node = tree.node(at: alias), case .success(let console) = console(at: node, named: alias)
      else {
        return nil
      }
      return "--console \(console.uart.argument(at: console.base)) (/aliases/\(alias))"
    }
    guard !typed.isEmpty else { return Self.help }
    return "one of \(typed.joined(separator: ", ")), or --console none"
  }
}

/// How the registers of an 8250 lie, by the properties that Linux's drivers read.
struct RegisterLayout: Sendable {
  /// Registers are 2^shift bytes apart.
  var shift: UInt32
  /// Bytes of an access.
  var width: UInt32
  var isBigEndian = false
  private var isSaid = true

  init(shift: UInt32, width: UInt32) {
    self.shift = shift
    self.width = width
  }

  init(_ tree: DeviceTree, _ node: DeviceTree.Node) {
    shift = tree.number("reg-shift", of: node) ?? 0
    width = tree.number("reg-io-width", of: node) ?? 1
    isBigEndian = tree.property("big-endian", of: node) != nil
    isSaid = tree.property("reg-shift", of: node) != nil
  }

  /// LSR.TEMT of register 5; nil where the registers cannot be reached by an access of 1 or 4 bytes.
  var uart: UART? {
    guard shift <= 8, !isBigEndian || width == 1 else { return nil }
    let uart = UART(access: width, data: 0, status: 5 << shift, mask: 1 << 6, ready: 1 << 6)
    return uart.fault == nil ? uart : nil
  }

  /// What a UART without a type would be: an 8250, if it has what only those have.
  var guess: UART? { isSaid ? uart : .raw }

  var text: String {
    "reg-shift \(shift) and reg-io-width \(width)\(isBigEndian ? ", big-endian" : "")"
  }
}
