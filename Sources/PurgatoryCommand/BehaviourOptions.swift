// BehaviourOptions.swift — how a purgatory verifies, what it says, what it does on a failure
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct DigestOptions: ParsableArguments {
  @Option(help: "Verify one digest for each region, one over all of them, or nothing (build: regions).")
  var digest: InfoChanges.DigestMode?
}

/// What the purgatory prints.
enum Messages: String, CaseIterable, ExpressibleByArgument {
  case all, failures
}

struct BehaviourOptions: ParsableArguments {
  @Option(
    help: .init(
      "The UART for diagnostics: none, auto, or a type (pl011, 8250, … custom:…: docs/boards.md) @ its address.",
      valueName: "type@addr"), completion: .list(ConsoleChoice.completions),
    transform: ConsoleChoice.init(parsing:))
  var console: ConsoleChoice?

  @Option(help: "What to do when verification fails (build: halt).")
  var onFailure: PurgatoryInfo.FailureAction?

  @Option(help: "The instruction that reaches the firmware (build: smc).")
  var psci: PurgatoryInfo.PSCIConduit?

  @Flag(inversion: .prefixedNo, help: "Verify with caches on, where that is possible (build: yes).")
  var cache: Bool?

  @Flag(inversion: .prefixedNo, help: "Verify with SHA-2 instructions, where there are any (build: yes).")
  var crypto: Bool?

  @Option(help: "What the purgatory prints (build: all).")
  var messages: Messages?

  @Flag(
    inversion: .prefixedNo,
    help: "The older name of --messages failures: about the purgatory, not about this command, which has -q.")
  var quiet: Bool?

  func validate() throws {
    guard let quiet else { return }
    guard messages == nil else { throw ValidationError("--quiet is the older name of --messages: use one") }
    Terminal.say(
      "note: --\(quiet ? "" : "no-")quiet is the older name of --messages \(quiet ? "failures" : "all")")
  }

  /// - Parameters:
  ///   - blob: what the purgatory holds already.
  ///   - board: what a device tree says of the machine.
  ///   - defaults: whether it decides what no option says.
  /// - Returns: what it does not say, in sentences.
  func apply(
    to changes: inout InfoChanges, blob: PurgatoryInfo, board: Board?, defaults: Bool
  ) throws(Rejection) -> [String] {
    var problems: [Problem] = []
    var notes: [String] = []
    switch console {
    case .uart(let uart): changes.console = .some(uart)
    case ConsoleChoice.none?: changes.console = .some(nil)
    case .auto, nil:
      guard console != nil || defaults else { break }
      guard let board else {
        if console == nil { break }
        throw Rejection(
          Problem("--console auto", found: "no device tree", expected: "--dtb", help: "add --dtb FILE"))
      }
      do {
        changes.console = .some(try board.console())
      } catch {
        if console != nil {
          problems += error.problems
        } else {
          notes += error.problems.map {
            "the purgatory will be silent: \($0.description)\($0.help.map { "; \($0)" } ?? "")"
          }
        }
      }
    }
    changes.onFailure = onFailure
    changes.psci = psci
    if psci == nil, let board {
      switch board.psci {
      case .success(let conduit): changes.psci = conduit
      case .failure(let problem): if (onFailure ?? blob.onFailure).usesPSCI { problems.append(problem) }
      }
    }
    changes.quiet = messages.map { $0 == .failures } ?? quiet
    changes.usesCache = cache
    changes.usesCrypto = crypto
    guard problems.isEmpty else { throw Rejection(problems) }
    return notes
  }
}
