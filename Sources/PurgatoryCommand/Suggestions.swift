// Suggestions.swift — what was probably meant by a word that is none
// SPDX-License-Identifier: MIT

import CheckedArithmetic

extension String {
  /// The likeliest of `words` if this is one of them with a typing error or two, or its beginning.
  func nearest(of all: [String]) -> String? {
    // What verifies less is never proposed: it has to be typed.
    let words = all.filter { !["boot", "none", "--unverified", "--force", "--allow"].contains($0) }
    let completions = words.filter { $0.hasPrefix(self) }
    if count > 2, completions.count == 1 { return completions.first }
    let ranked = words.map { (word: $0, distance: typingDistance(self, $0)) }
      .sorted { $0.distance < $1.distance }
    // Of two that are as near, neither.
    if let first = ranked.first, first.distance <= max(1, min(2, count / 3)),
      ranked.count == 1 || ranked[1].distance > first.distance
    {
      return first.word
    }
    return nil
  }
}

/// How many letters have to be put in, left out, replaced, or exchanged with the next, to get from one to the other.
private func typingDistance(_ word: String, _ other: String) -> Int {
  let (from, to) = (Array(word.lowercased()), Array(other.lowercased()))
  // Of long words the ends do not matter any more.
  guard from.count <= 64, to.count <= 64 else { return .max }
  var beforeLast: [Int] = []
  var last = Array(0...to.count)
  for (row, letter) in from.enumerated() {
    var next = [row &+ 1]
    for (column, goal) in to.enumerated() {
      var cost = min(last[column] &+ (letter == goal ? 0 : 1), last[column &+ 1] &+ 1, next[column] &+ 1)
      if row > 0, column > 0, letter == to[column &- 1], from[row &- 1] == goal {
        cost = min(cost, beforeLast[column &- 1] &+ 1)
      }
      next.append(cost)
    }
    (beforeLast, last) = (last, next)
  }
  return last.last ?? 0
}
