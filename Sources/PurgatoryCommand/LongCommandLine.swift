// LongCommandLine.swift — thousands of words, of which ArgumentParser gets only some: its time grows with their square
// SPDX-License-Identifier: MIT

import CheckedArithmetic

/// A command line, and what was left out of it.
struct LongCommandLine {
  /// The words for ArgumentParser.
  private(set) var words: [String] = []
  /// What `check` is to check, and to link, behind those in `words`.
  private(set) var files: [String] = []
  private(set) var objects: [String] = []

  /// Names of files that are left in `words`.
  private static let fewNames = 128
  /// More is a mistake: no purgatory has so many regions, no machine so many banks of memory.
  static let maximum = 1024

  /// - Throws: `UsageError` where there are too many words, whatever they are.
  init(_ arguments: [String]) throws(UsageError) {
    if arguments.first == "check", arguments.count > Self.fewNames {
      separate(arguments)
    } else {
      words = arguments
    }
    guard words.count <= Self.maximum else {
      throw UsageError("\(words.count) words, expected at most \(Self.maximum)")
    }
  }

  /// What stands in no option is a file; what follows `--objects`, up to the next option, an object.
  private mutating func separate(_ arguments: [String]) {
    let valued = Set(
      (Definition.root["check"]?.arguments ?? []).filter { $0.kind == .option }.flatMap(\.spellings))
    var (isValue, isObject, isEnded, names) = (false, false, false, 0)
    for word in arguments {
      let isOption = !isEnded && word.hasPrefix("-") && word != "-"
      if isValue || isOption || names < Self.fewNames {
        words.append(word)
        names += isOption ? 0 : 1
      } else if isObject {
        objects.append(word)
      } else {
        files.append(word)
      }
      isValue = !isValue && isOption && valued.contains(word)
      isObject = isOption ? word == "--objects" : isObject
      isEnded = isEnded || word == "--"
      if word == "--" { isObject = false }
    }
  }
}
