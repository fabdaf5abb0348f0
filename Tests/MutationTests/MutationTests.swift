// MutationTests.swift — no instruction of the blob may be there that no test needs
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite(.requiresQEMU) struct MutationScore {
  /// Routines of which each mutant is seen in milliseconds.
  private static let brief: Set = [
    "build_map", "check_entry", "check_info", "check_region", "compare_digest", "each_region", "map_range",
    "put_char", "put_digest", "put_message", "put_number", "put_string", "report_mismatch", "sha256_blocks",
    "sha256_blocks_scalar", "sha256_blocks_sha2", "sha256_final", "sha256_init", "sha256_update",
    "touch_region", "verify_microseconds", "verify_region",
  ]

  /// All of them if `make mutate` says so, or those of a routine; else some that take milliseconds.
  private static func chosen(_ all: [Mutation]) -> [Mutation] {
    switch ProcessInfo.processInfo.environment["MUTANTS"] {
    case nil:
      var generator = SplitMix64(seed: 1)
      return Array(all.filter { brief.contains($0.routine) }.shuffled(using: &generator).prefix(120))
    case "all": return all
    case let routine?: return all.filter { $0.routine == routine }
    }
  }

  private static let isWhole = ProcessInfo.processInfo.environment["MUTANTS"] != nil

  /// The tests that are red, by the mutant that they kill.
  private static func run(
    _ mutations: [Mutation], atOnce: Int, _ killers: @escaping @Sendable (Mutation) -> [Killer]
  ) async -> [String: String] {
    await withTaskGroup(of: (Mutation, String?).self) { group in
      var rest = mutations[...]
      var killed: [String: String] = [:]
      for mutation in rest.prefix(atOnce) {
        group.addTask { (mutation, await Verdict.firstRed(of: killers(mutation), for: mutation)) }
        rest.removeFirst()
      }
      while let (mutation, killer) = await group.next() {
        if let next = rest.popFirst() {
          group.addTask { (next, await Verdict.firstRed(of: killers(next), for: next)) }
        }
        if isWhole { say("\(killer.map { "killed by \($0)" } ?? "survived"): \(mutation)") }
        killed[mutation.key] = killer
      }
      return killed
    }
  }

  @Test(
    "of all instructions, left out or inverted, only those survive that unseen.txt has a reason for",
    .filterIssues { Verdict.isOurs($0) })
  func score() async throws {
    let all = try Mutation.all(try await linkedBlob())
    let unseen = try Unseen()
    let chosen = Self.chosen(all)
    // What takes milliseconds comes first, for all of them: QEMU has few left.
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let brief = await Self.run(chosen, atOnce: cores) { Killer.brief(of: $0.routine) }
    let left = chosen.filter { brief[$0.key] == nil }
    // Of these, many wait for what never comes.
    let slowly = await Self.run(left, atOnce: 4 * cores) { Killer.inQEMU(of: $0.routine) }
    let killed = brief.merging(slowly) { $1 }
    let alive = Set(chosen.map(\.key)).subtracting(killed.keys)
    let killers = Dictionary(grouping: killed.values) { $0 }.mapValues(\.count)
    for (killer, count) in killers.sorted(by: { $0.value > $1.value }) {
      print("mutants killed by \(killer): \(count)")
    }
    print("mutants: \(chosen.count) of \(all.count), \(chosen.count - alive.count) killed")
    for mutation in chosen {
      let isListed = unseen.reasons[mutation.key] != nil
      #expect(!alive.contains(mutation.key) || isListed, "survived: \(mutation)")
      #expect(alive.contains(mutation.key) || !isListed, "killed, but in unseen.txt: \(mutation)")
    }
  }

  @Test("what a mutant meets passes for the blob as it is")
  func original() async throws {
    for killer in Killer.brief(of: "build_map") { try await killer.run() }
  }

  /// A test that is red without a mutation would seem to kill everything. All of them take minutes: `make mutate` does it.
  @Test(
    "in QEMU, too, under the bounds that a mutant has", .enabled(if: isWhole),
    .filterIssues { Verdict.isOurs($0) })
  func control() async throws {
    let all = try Mutation.all(try await linkedBlob())
    var seen: Set<String> = []
    for mutation in all {
      var same = mutation
      same.replacement = try await linkedBlob().bytes.instruction(at: mutation.offset)
      for killer in Killer.inQEMU(of: mutation.routine) where seen.insert(killer.name).inserted {
        let red = await Verdict.firstRed(of: [killer], for: same)
        #expect(red == nil, "red for the blob as it is")
      }
    }
  }

  @Test("unseen.txt names instructions that are there, once, each with a reason")
  func list() async throws {
    let unseen = try Unseen()
    #expect(unseen.bad == [])
    let keys = Set(try Mutation.all(try await linkedBlob()).map(\.key))
    #expect(unseen.reasons.keys.filter { !keys.contains($0) } == [])
  }
}

/// At once, as it is found: all of them take a while.
private func say(_ line: String) {
  FileHandle.standardError.write(Data("\(line)\n".utf8))
}
