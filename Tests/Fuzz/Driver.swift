// Driver.swift — libFuzzer calls the harness that the command line names; a heap that grows too far is a crash
// SPDX-License-Identifier: MIT

import Foundation
import Synchronization

/// What the driver calls needs a pointer, and no closure.
private typealias Body = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ words: UnsafeMutablePointer<Words?>, _ body: Body
) -> CInt

/// What an input is given to.
private nonisolated(unsafe) var target = Target.all[0]

/// usage: fuzz TARGET [LIBFUZZER'S OPTION…] | fuzz list | fuzz seeds FOLDER
///
/// SwiftPM calls an executable's `main` so.
@_cdecl("fuzz_main")
func fuzzMain(_ count: CInt, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  let arguments = CommandLine.arguments
  if arguments.count == 2, arguments[1] == "list" {
    for target in Target.all { print(target.name) }
    return 0
  }
  if arguments.count == 3, arguments[1] == "seeds" { return writeSeeds(to: arguments[2]) }
  guard arguments.count > 1,
    let named = (Target.all + Target.planted).first(where: { $0.name == arguments[1] })
  else {
    Failure.say("usage: fuzz TARGET [OPTION…] | fuzz list | fuzz seeds FOLDER")
    return 64
  }
  target = named
  Failure.keepLog()
  Heap.watch()
  var own = ["fuzz", "-max_len=\(named.maximumLength)"] + arguments.dropFirst(2)
  // What the command says of one address is no error, and a thousand times a second.
  own.insert("-close_fd_mask=3", at: 1)
  var pointers = own.map { strdup($0) } + [nil]
  var ownCount = CInt(clamping: own.count)
  return pointers.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return runDriver(&ownCount, &start) { data, count in
      let bytes = Array(UnsafeBufferPointer(start: data, count: count))
      Heap.limit(target.heap) { target.run(bytes) }
      return 0
    }
  }
}

/// A harness found what must not be.
enum Failure {
  private static let log = dup(2)

  /// Before libFuzzer closes standard error to what it runs.
  static func keepLog() { _ = log }

  static func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(log, line, line.count)
  }
}

/// What has to hold of every input.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  guard !condition else { return }
  Failure.say("harness: \(message())")
  abort()
}

/// Bytes that are allocated, as AddressSanitizer counts them: its own are none of them, nor libFuzzer's corpus, since what
/// matters is how much more there are while one input is looked at.
private enum Heap {
  private static let live = Atomic<Int>(0)
  private static let peak = Atomic<Int>(0)
  /// The most that any input has taken.
  private static let most = Atomic<Int>(0)

  static func watch() {
    _ = installHooks(
      { _, size in
        let now = Heap.live.add(size, ordering: .relaxed).newValue
        if now > Heap.peak.load(ordering: .relaxed) { Heap.peak.store(now, ordering: .relaxed) }
      },
      { pointer in Heap.live.subtract(allocatedSize(pointer), ordering: .relaxed) })
    atexit { Failure.say("stat::peak_heap_kib: \(Heap.most.load(ordering: .relaxed) >> 10)") }
  }

  static func limit(_ limit: Int, _ body: () -> Void) {
    let before = live.load(ordering: .relaxed)
    peak.store(before, ordering: .relaxed)
    body()
    let growth = peak.load(ordering: .relaxed) - before
    if growth > most.load(ordering: .relaxed) { most.store(growth, ordering: .relaxed) }
    require(growth <= limit, "\(growth >> 20) MiB of heap for one input, more than \(limit >> 20) MiB")
  }
}

@_silgen_name("__sanitizer_install_malloc_and_free_hooks")
private func installHooks(
  _ allocated: @convention(c) (UnsafeRawPointer?, Int) -> Void,
  _ freed: @convention(c) (UnsafeRawPointer?) -> Void
) -> CInt

@_silgen_name("__sanitizer_get_allocated_size")
private func allocatedSize(_ pointer: UnsafeRawPointer?) -> Int
