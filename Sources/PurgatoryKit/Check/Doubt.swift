// Doubt.swift — why a file that breaks no rule is still no proof of itself
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

extension ELFFile {
  /// Why this file alone does not show that it runs anywhere.
  ///
  /// - Parameter retained: the sections whose applied relocations it still has.
  func doubt(retained: Set<Int>) -> String {
    switch header.type {
    case .relocatable: return "an object, whose addresses its link makes"
    case .core: return "a core file: memory of a program, and no program"
    default: break
    }
    let loaded = sections.filter { $0.isLoaded }
    if sections.isEmpty { return "no section headers: they would say what the linker did" }
    if !loaded.isEmpty, loaded.allSatisfy({ $0.type == .noBits || $0.type == .note }) {
      return "a file of debug information, without the program's bytes"
    }
    if retained.isEmpty {
      return "no retained relocations: what the linker has applied or discarded leaves no trace"
    }
    let others = loaded.filter { $0.type == .programBits && !retained.contains($0.index) }
    if let other = others.first, let known = retained.min() {
      return "relocations are retained for \(sections[known].name.shortened), not for \(other.name.shortened)"
    }
    return "addresses that a linker script computes leave no relocation"
  }
}
