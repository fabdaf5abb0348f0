// ProgressLines.swift — how far work on large files has come, for somebody who waits at a terminal
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

struct ProgressOptions: ParsableArguments {
  @Flag(name: .customLong("no-progress"), help: "Show no progress on the terminal.")
  var isOff = false

  /// nil: nobody looks, or wants to.
  var progress: Progress? {
    guard !isOff, ProgressLines.isShown else { return nil }
    return Progress { work, file, bytes, total in
      ProgressLines.shared.advance(work, file, bytes, total)
    }
  }
}

/// Lines at the cursor, one for each file that is being read; whoever says anything else takes them away first.
final class ProgressLines: Sendable {
  static let shared = ProgressLines()

  private struct Work {
    let file: String
    let start: ContinuousClock.Instant
    var done: UInt64
    let total: UInt64
  }

  private struct State {
    var works: [ObjectIdentifier: Work] = [:]
    /// As they began.
    var order: [ObjectIdentifier] = []
    let start = ContinuousClock.now
    var lastDrawn: ContinuousClock.Instant?
    var lineCount = 0
  }

  private let state = Mutex(State())

  /// Less is not worth a line.
  private static let patience = Duration.milliseconds(500)
  private static let interval = Duration.milliseconds(100)

  /// Whether standard error is a terminal that can move its cursor: lines never get into a log.
  static var isShown: Bool {
    let terminal = ProcessInfo.processInfo.environment["TERM", default: "dumb"]
    return terminal != "dumb" && isatty(FileDescriptor.standardError.rawValue) != 0
  }

  func advance(_ id: ObjectIdentifier, _ file: String, _ bytes: UInt64, _ total: UInt64) {
    let now = ContinuousClock.now
    state.withLock { state in
      var work = state.works[id] ?? Work(file: file, start: now, done: 0, total: total)
      if state.works[id] == nil { state.order.append(id) }
      work.done = min(work.done &+ bytes, total)
      state.works[id] = work
      if work.done == total {
        state.works[id] = nil
        state.order.removeAll { $0 == id }
      }
      guard now - state.start >= Self.patience, state.lastDrawn.map({ now - $0 >= Self.interval }) ?? true
      else { return }
      state.lastDrawn = now
      let width = Self.width
      let lines = state.order.compactMap { id in
        state.works[id].map { Self.line($0.file, $0.done, of: $0.total, in: now - $0.start, width: width) }
      }
      Self.write(Self.erasure(state.lineCount) + lines.map { "\($0)\n" }.joined())
      state.lineCount = lines.count
    }
  }

  /// Takes the lines away.
  func clear() {
    state.withLock { state in
      guard state.lineCount > 0 else { return }
      Self.write(Self.erasure(state.lineCount))
      state.lineCount = 0
      state.lastDrawn = nil
    }
  }

  /// `FILE  512.0 MiB of 1.0 GiB   50 %   1.3 GiB/s   0:01 left`, in `width` columns.
  static func line(
    _ file: String, _ done: UInt64, of total: UInt64, in time: Duration, width: Int
  ) -> String {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? (Double(total) - Double(done)) / rate : 0
    let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
    let facts =
      "  \(size(Double(done))) of \(size(Double(total)))  \(percent) %  \(size(rate))/s  \(clock(left)) left"
    let room = max(width - 1 - facts.count, 8)
    let name = file.printable
    // The end of a path says more than its start.
    let line = (name.count > room ? "…" + name.suffix(room - 1) : name) + facts
    // One that is wrapped would not be taken away again.
    return String(line.prefix(max(width - 1, 1)))
  }

  private static func size(_ bytes: Double) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (bytes, 0)
    while value >= 1024, unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
    let tenths = Int(value * 10)
    return unit == 0 ? "\(Int(value)) B" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  private static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds.rounded(.up), 360_000))
    return "\(whole / 60):\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
  }

  /// Up over `count` lines, and all behind the cursor away.
  private static func erasure(_ count: Int) -> String { count > 0 ? "\u{1b}[\(count)A\u{1b}[J" : "" }

  private static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }

  private static var width: Int {
    var size = winsize()
    let result = ioctl(FileDescriptor.standardError.rawValue, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
