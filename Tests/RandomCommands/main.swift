// main.swift — run COUNT random command lines; exit status 0: each ended in a documented status
// SPDX-License-Identifier: MIT

import Foundation

// usage: random-commands COUNT [SEED [PLANTED]]
let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let count = numbers.first ?? 100_000
let seed = numbers.dropFirst().first ?? 2017
let log = FileManager.default.temporaryDirectory.appending(path: "random-commands.\(getpid())").path
let console = dup(1)

func say(_ text: String) {
  _ = text.withCString { write(console, $0, strlen($0)) }
}

var lines = try await RandomCommandLines(
  seed: UInt64(seed), log: log, planted: numbers.dropFirst(2).first)
say("random-commands: seed \(seed); the one that is being run is in \(log)\n")
guard let statuses = try lines.run(count: count) else {
  say("error: \(log): a command line that ended in no documented status\n")
  exit(1)
}
try FileManager.default.removeItem(atPath: log)
let counts = statuses.sorted { $0.key < $1.key }.map { "\($0.value) ended in \($0.key)" }
say("random-commands: \(count) command lines, \(counts.joined(separator: ", "))\n")
// Each way to end has to be walked often, or the words are no good.
if count >= 1000, [0, 1, 64].contains(where: { statuses[$0, default: 0] < count / 50 }) { exit(1) }
